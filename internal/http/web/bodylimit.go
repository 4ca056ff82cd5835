package web

import (
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 64 << 10

// BodyLimit refuses a request whose Content-Length is too large, and cuts off a body that turns out to be longer.
// ReadError turns the resulting read error into a refusal.
func BodyLimit(limit int64, style Style) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > limit {
				style(w, r, tooLarge(nil))
				return
			}
			if r.ContentLength < 0 { // net/http reads no further than an announced length
				r.Body = http.MaxBytesReader(w, r.Body, limit)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// ReadError returns the refusal for an error of reading a request's body.
func ReadError(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return tooLarge(err)
	}
	return oauth.Refuse(oauth.InvalidRequest, "the request's body could not be read", err)
}

func tooLarge(cause error) error {
	return oauth.Refuse(oauth.RequestEntityTooLarge, "the request is too large", cause)
}
