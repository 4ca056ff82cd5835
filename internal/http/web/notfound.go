package web

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// NotFound answers a request for a path that is not served.
func NotFound(style Style) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		style(w, r, oauth.Refuse(oauth.NotFound, "there is nothing here", nil))
	}
}

// WrongMethod answers a request with a method that the path does not serve. Allow lists the methods that it serves (RFC
// 9110 §15.5.6).
func WrongMethod(routes chi.Routes, style Style) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if r.URL.RawPath != "" {
			path = r.URL.RawPath // the router matched this path
		}
		var allowed []string
		literal := false // a route without a wildcard for this path takes precedence
		for _, method := range []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
		} {
			pattern := routes.Find(chi.NewRouteContext(), method, path)
			named := pattern == path
			if pattern == "" || literal && !named {
				continue
			}
			if named && !literal {
				literal, allowed = true, nil
			}
			allowed = append(allowed, method)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		style(w, r, oauth.Refuse(oauth.MethodNotAllowed, "this method is not served here", nil))
	}
}
