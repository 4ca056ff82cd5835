package web

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// SameOrigin refuses form posts that another site caused (RFC 9700 §4.7): by Sec-Fetch-Site, or by
// Origin where a browser does not send that. It is the first of two guards; the token in the form
// is the other. trusted is our own origin, for when a proxy changes the Host.
func SameOrigin(trusted string, style Style) (func(http.Handler) http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(trusted); err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := guard.Check(r); err != nil {
				style(w, r, oauth.Refuse(oauth.ForbiddenByOrigin, "this form was sent from another site", err))
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}
