package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

// Limit refuses requests of an address that exceeds its rate, before it reads any other part of the request. It must
// run inside Frame.
func Limit(l *ratelimit.Limiter, rule ratelimit.Rule, style Style) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if !l.On(rule) {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := l.Address(r.Context(), rule); err != nil {
				style(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// setLimitHeaders sets the headers that state the limit and the time to wait: Retry-After (RFC 9110 §10.2.3), and the
// fields of draft-ietf-httpapi-ratelimit-headers-10.
func setLimitHeaders(h http.Header, e *ratelimit.LimitError) {
	wait := wholeSeconds(e.Wait)
	h.Set("Retry-After", strconv.FormatInt(wait, 10))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", e.Rule, e.Rate.Count, wholeSeconds(e.Rate.Per)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", e.Rule, wait))
}

// wholeSeconds rounds up, so that a caller that waits this long is not refused again.
func wholeSeconds(d time.Duration) int64 { return max(1, int64(math.Ceil(d.Seconds()))) }
