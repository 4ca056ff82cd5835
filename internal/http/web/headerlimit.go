package web

import (
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MaxHeader bounds the sum of all header fields of a request, in bytes. The request line is not counted: an
// authorization request may hold long parameters, and their own limits produce a more helpful error.
const MaxHeader = 16 << 10

// headersTooLong is an error code of HTTP, not of OAuth (RFC 6585 §5).
const headersTooLong oauth.Code = "request_header_fields_too_large"

// HeaderLimit refuses requests with longer headers. Those that only proxies may set are not counted.
func HeaderLimit(limit int, style Style) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if exchangeOf(r).headerBytes > limit {
				style(w, r, oauth.Refuse(headersTooLong, "the headers are too long", nil))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func headerBytes(name string, values []string) int {
	const framing = len(": \r\n")
	sum := 0
	for _, value := range values {
		sum += len(name) + len(value) + framing
	}
	return sum
}
