package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

// Plumbing holds the dependencies of the middleware of both listeners.
type Plumbing struct {
	Log      *slog.Logger
	Requests *web.RequestLog // nil: requests are not logged
	Metrics  *metric.Metrics
	Errors   *web.Errors
	Now      func() time.Time
	Proxies  web.Proxies
	Timeout  time.Duration // of one request, including the time that it waits for Redis
	Limits   *ratelimit.Limiter
	Tracer   trace.TracerProvider // nil: no traces

	outside web.Style // of requests that match no route; Errors.Either when nil
}

// styled returns p with another form of refusal for requests that match no route.
func (p Plumbing) styled(s web.Style) Plumbing {
	p.outside = s
	return p
}

// table is a router under construction.
type table struct {
	routes  *chi.Mux
	all     []func(http.Handler) http.Handler // the middleware of every request
	log     *slog.Logger
	limits  *ratelimit.Limiter
	timeout time.Duration
	metrics *metric.Metrics
}

// handler returns the routes behind the middleware of every request.
func (t table) handler() http.Handler { return chi.Chain(t.all...).Handler(t.routes) }

// table returns a router without routes. Its middleware is the list aroundAll in routes.go.
func (p Plumbing) table(https bool, base string) table {
	either := p.outside
	if either == nil {
		either = p.Errors.Either
	}
	r := chi.NewRouter()
	r.NotFound(web.NotFound(either))
	r.MethodNotAllowed(web.WrongMethod(r, either))
	return table{routes: r, all: p.aroundAll(https, base, either), log: p.Log, limits: p.Limits, timeout: p.Timeout, metrics: p.Metrics}
}

// group describes routes that share their middleware.
type group struct {
	style     web.Style                       // of refusals
	anyOrigin bool                            // scripts of every origin may call
	guard     func(http.Handler) http.Handler // nil: none
	limit     ratelimit.Rule                  // of callers by address; empty for none
}

// limited returns the same group with a rate limit.
func (g group) limited(rule ratelimit.Rule) group {
	g.limit = rule
	return g
}

// add serves a path for some methods, behind the middleware of around. It leaves out a nil handler.
func (t table) add(g group, methods, path string, h web.Handler) {
	if h == nil {
		return
	}
	if g.anyOrigin {
		methods += " " + http.MethodOptions
	}
	handler := chi.Chain(t.around(g, methods)...).Handler(web.Handle(g.style, h))
	for method := range strings.FieldsSeq(methods) {
		t.routes.Method(method, path, handler)
		t.metrics.ExpectRoute(path, method)
	}
}

// quiet lists the routes that probes and Prometheus call every few seconds: they are neither logged nor traced.
func quiet(base string) []string {
	return []string{
		base + web.PathHealth, base + web.PathHealthReady, base + web.PathHealthLive, base + web.PathMetrics,
		"/healthz", "/readyz", "/livez",
	}
}

// metadataPaths returns the paths where clients look for the metadata of an issuer with a path: both documents, with
// the well-known part before the path (RFC 8414 §3.1) and after it (OIDC Discovery §4.1). Without a path both are the
// same.
func metadataPaths(base string) []string {
	paths := []string{web.PathServerMetadata + base, web.PathOpenIDConfig + base}
	if base != "" {
		paths = append(paths, base+web.PathServerMetadata, base+web.PathOpenIDConfig)
	}
	return paths
}

// splitIssuer returns the origin and the path of the issuer, both without a slash at the end.
func splitIssuer(issuer, prefix string) (origin, base string, err error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf("issuer %q: want https://host or https://host/path", issuer)
	}
	base = u.Path
	for name, path := range map[string]string{"issuer": base, "endpoint prefix": prefix} {
		if path != "" && (!strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "{}*?#% ")) {
			return "", "", fmt.Errorf("%s: the path %q must begin with a slash, not end with one, and must not contain any of {}*?#%%", name, path)
		}
	}
	return u.Scheme + "://" + u.Host, base, nil
}
