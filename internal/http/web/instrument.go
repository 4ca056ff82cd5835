package web

import (
	"net/http"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/tracing"
)

// Instrument counts and times every request by its route pattern, method and status class.
func Instrument(m *metric.Metrics, now func() time.Time) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec, began := record(w), now()
			m.RequestBegan()
			defer func() {
				m.RequestDone(metric.Request{
					Route: routeOf(r), Method: r.Method, Status: rec.sent(), Took: now().Sub(began), Trace: tracing.IDOf(r.Context()),
				})
			}()
			next.ServeHTTP(rec, r)
		})
	}
}
