package web

import (
	"net/http"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/tracing"
)

// Trace records a span for every request except those of the quiet routes. The traceparent of a listed proxy decides
// whether a request is traced. The traceparent of any other caller is only linked: otherwise anybody could flood the
// collector. The span has the pattern of the route, never the path or the query. It must run inside Frame. With a
// nil provider nothing is traced.
func Trace(provider trace.TracerProvider, proxies Proxies, quiet ...string) func(http.Handler) http.Handler {
	if provider == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	traced := otelhttp.NewMiddleware("request",
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()), // internal/metric counts
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithPublicEndpointFn(func(r *http.Request) bool { return !proxies.trusts(r.RemoteAddr) }),
		otelhttp.WithFilter(func(r *http.Request) bool { return !slices.Contains(quiet, r.URL.Path) }),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return knownMethod(r.Method) + " " + routeOf(r) }), // again once the route is known
	)
	return func(next http.Handler) http.Handler { return traced(named(next)) }
}

// named adds the route to the span, once it is known, and removes caller input from it.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span, x := trace.SpanFromContext(r.Context()), exchangeOf(r)
		x.trace = tracing.IDOf(r.Context())
		defer func() {
			route, origin := x.route(), x.origin
			if method := knownMethod(r.Method); method != r.Method {
				span.SetAttributes(attribute.String("http.request.method_original", method))
			}
			span.SetAttributes(
				attribute.String("http.route", route), attribute.String("url.path", route),
				attribute.String("client.address", origin.IP), attribute.String("request_id", origin.RequestID),
			)
		}()
		next.ServeHTTP(w, r)
	})
}
