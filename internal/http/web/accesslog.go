package web

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// AccessLog writes one line for each request. It logs the pattern of the route, never the path or the query, which can
// contain codes and tokens. Successful answers of the quiet routes, which probes call every few seconds, are logged at
// debug level only. It must run inside RequestID and ClientIP.
func AccessLog(log *slog.Logger, now func() time.Time, quiet ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec, began := record(w), now()
			defer func() {
				route, level := routeOf(r), slog.LevelInfo
				switch {
				case rec.sent() >= http.StatusInternalServerError:
					level = slog.LevelWarn
				case slices.Contains(quiet, route):
					level = slog.LevelDebug
				}
				origin := event.OriginOf(r.Context())
				log.LogAttrs(r.Context(), level, "request",
					slog.String("method", knownMethod(r.Method)),
					slog.String("route", route),
					slog.Int("status", rec.sent()),
					slog.Int64("bytes", rec.bytes),
					slog.Float64("ms", float64(now().Sub(began).Microseconds())/1000),
					slog.String("ip", origin.IP),
					slog.String("request_id", origin.RequestID))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// knownMethod replaces a method that HTTP does not define: such text of the caller must not reach the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}
