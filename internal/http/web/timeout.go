package web

import (
	"context"
	"net/http"
	"time"
)

// Timeout bounds how long a request may take, waiting for the store included. Who waits is told by
// the end of the context and answers "could not ask".
func Timeout(life time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), life)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
