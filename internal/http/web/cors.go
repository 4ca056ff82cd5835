package web

import "net/http"

// CORS lets scripts of any origin call an endpoint, without credentials of the browser's own: what
// is answered depends only on what the script itself sends. The pages and /authorize never get it
// (OAuth 2.1 §3.1). A preflight is answered here.
func CORS(methods string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id")
			if r.Method != http.MethodOptions {
				next.ServeHTTP(w, r)
				return
			}
			h.Set("Allow", methods)
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			h.Set("Access-Control-Max-Age", "7200")
			Empty(w, http.StatusNoContent)
		})
	}
}
