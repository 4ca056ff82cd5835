package web

import (
	"net/http"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/metric"
)

// FrameOptions configure Frame. Metrics and Now are required.
type FrameOptions struct {
	Proxies Proxies
	HTTPS   bool // browsers must use TLS from then on (RFC 6797)
	Metrics *metric.Metrics
	Now     func() time.Time
	Log     *RequestLog // nil: requests are not logged
	Quiet   []string    // routes that are logged at debug level only, unless they fail
}

// Frame is the outermost middleware. It assigns an id to a request, finds its caller, sets the headers that every answer
// has, and counts and logs the request once it is answered, also when a handler panicked.
func Frame(o FrameOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x := &exchange{Context: r.Context(), ResponseWriter: w, began: o.Now(), now: o.Now}
			x.routing.RoutePatterns = x.patterns[:0]
			x.identify(r, o.Proxies)
			x.setSecurityHeaders(o.HTTPS)
			o.Metrics.RequestBegan()
			defer o.ended(x, r.Method)
			next.ServeHTTP(x, r.WithContext(x))
		})
	}
}

// ended counts and logs an answered request.
func (o *FrameOptions) ended(x *exchange, method string) {
	now, route, status := o.Now(), x.route(), x.sent()
	took := now.Sub(x.began)
	o.Metrics.RequestDone(metric.Request{Route: route, Method: method, Status: status, Took: took, Trace: x.trace})
	o.Log.write(request{
		at: now, level: levelOf(status, route, o.Quiet), method: knownMethod(method), route: route, status: status, bytes: x.bytes,
		took: took, ip: x.origin.IP, id: x.origin.RequestID,
	})
}
