package web

import (
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/metric"
)

// FrameOptions configure Frame. Metrics, Log and Now are required.
type FrameOptions struct {
	Proxies Proxies
	HTTPS   bool // browsers must use TLS from then on (RFC 6797)
	Metrics *metric.Metrics
	Now     func() time.Time

	Log   *slog.Logger // of requests
	OneIn int          // of the requests that are answered below 400, one in this many is logged; 0: none
	Quiet []string     // routes that probes call every few seconds: without an error they are logged at debug level only
}

// Frame is the outermost middleware. It assigns an id to a request, finds its caller, sets the headers that every answer
// has, and counts and logs the request once it is answered.
func Frame(o FrameOptions) func(http.Handler) http.Handler {
	f := &frame{FrameOptions: o}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x := &exchange{Context: r.Context(), ResponseWriter: w, began: o.Now()}
			x.routing.RoutePatterns = x.patterns[:0]
			x.identify(r, o.Proxies)
			x.setSecurityHeaders(o.HTTPS)
			o.Metrics.RequestBegan()
			defer f.ended(x, r.Method)
			next.ServeHTTP(x, r.WithContext(x))
		})
	}
}

type frame struct {
	FrameOptions
	plain atomic.Uint64 // requests that were answered below 400 and could be logged
}

// ended counts and logs an answered request. It also runs when a handler panicked.
func (f *frame) ended(x *exchange, method string) {
	route, status, took := x.route(), x.sent(), f.Now().Sub(x.began)
	f.Metrics.RequestDone(metric.Request{Route: route, Method: method, Status: status, Took: took, Trace: x.trace})
	level := f.level(route, status)
	if !f.Log.Enabled(x, level) || status < http.StatusBadRequest && f.leftOut() {
		return
	}
	// The pattern of the route is logged, never the path or the query, which can contain codes and tokens.
	f.Log.LogAttrs(x, level, "request",
		slog.String("method", knownMethod(method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int64("bytes", x.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("ip", x.origin.IP),
		slog.String("request_id", x.origin.RequestID))
}

func (f *frame) level(route string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case slices.Contains(f.Quiet, route):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// leftOut reports whether the line of a request without an error is left out.
func (f *frame) leftOut() bool {
	return f.OneIn != 1 && (f.OneIn == 0 || f.plain.Add(1)%uint64(f.OneIn) != 0)
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
