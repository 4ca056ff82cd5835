package web

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// SameOrigin rejects form posts that another site caused (RFC 9700 §4.7): by Sec-Fetch-Site, or by Origin if a browser
// does not send that. It is the first of two guards; the token in the form is the other. trusted is the origin of this
// server, for proxies that change the Host.
//
// "Origin: null" without Sec-Fetch-Site proves nothing: browsers without Fetch Metadata send it for the forms of this
// server, because the pages set "Referrer-Policy: no-referrer" (Fetch §3.2), and some proxies remove all Sec-* fields.
// Such a post passes here, and the token in the form decides. Every form of a guarded route must therefore check its
// token before it changes anything.
func SameOrigin(trusted string, style Style) (func(http.Handler) http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(trusted); err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := guard.Check(r); err != nil && !unknownOrigin(r) {
				style(w, r, oauth.Refuse(oauth.ForbiddenByOrigin, "this form was sent from another site", err))
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

// unknownOrigin reports whether the headers do not show which site caused the request. A field that is sent twice does
// not count as missing: no browser does that.
func unknownOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(r.Header.Values("Sec-Fetch-Site")) == 0 && len(origins) == 1 && origins[0] == "null"
}
