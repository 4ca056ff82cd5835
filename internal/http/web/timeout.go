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
			x := exchangeOf(r)
			ctx, cancel := context.WithTimeout(x.Context, life)
			defer cancel()
			x.Context = ctx // nothing else uses the exchange yet
			next.ServeHTTP(w, r)
		})
	}
}
