package web

import (
	"net/http"
	"strings"
)

// allowedHeaders permits every request header, because the origin is * and no answer depends on a
// credential that the browser adds. The Fetch standard excludes Authorization from the wildcard.
const allowedHeaders = "Authorization, Content-Type, *"

// maxRequestedHeaders bounds the names of a preflight that are repeated in its answer, in bytes.
const maxRequestedHeaders = 1024

// CORS lets scripts of any origin call an endpoint, without credentials of the browser: the answer depends only on what
// the script itself sends. The pages and /authorize must not use it (OAuth 2.1 §3.1). It answers preflight requests
// itself.
func CORS(methods string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			SetHeader(w, "Access-Control-Allow-Origin", "*")
			SetHeader(w, "Cross-Origin-Resource-Policy", "cross-origin")
			SetHeader(w, "Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id")
			if r.Method != http.MethodOptions {
				next.ServeHTTP(w, r)
				return
			}
			h := w.Header()
			h.Set("Allow", methods)
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", headersFor(r))
			h.Add("Vary", "Access-Control-Request-Headers")
			h.Set("Access-Control-Max-Age", "7200")
			Empty(w, http.StatusNoContent)
		})
	}
}

// headersFor returns what a preflight permits. Browsers older than the wildcard (2018) read * as a
// name, so the requested names are repeated for them.
func headersFor(r *http.Request) string {
	requested := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", ")
	if requested == "" || len(requested) > maxRequestedHeaders || strings.ContainsFunc(requested, notInNames) {
		return allowedHeaders
	}
	return allowedHeaders + ", " + requested
}

// notInNames reports characters that a list of header names cannot contain (RFC 9110 §5.6.2).
func notInNames(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~, ", c)
}
