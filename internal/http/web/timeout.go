package web

import (
	"context"
	"net/http"
	"time"
)

// Timeout bounds how long a request may take, including the time that it waits for Redis. When the time is over, the
// context ends and the request is answered with 503.
func Timeout(life time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), life)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
