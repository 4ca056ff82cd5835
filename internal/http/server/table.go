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

// Plumbing is what the middleware of both listeners needs.
type Plumbing struct {
	Log     *slog.Logger
	Metrics *metric.Metrics
	Errors  *web.Errors
	Now     func() time.Time
	Proxies web.Proxies
	Timeout time.Duration // of one request, waiting for the store included
	Limits  *ratelimit.Limiter
	Tracer  trace.TracerProvider // nil: nothing is traced

	outside web.Style // answers what never came to a route; Errors.Either when nil
}

// styled answers what never came to a route in another form.
func (p Plumbing) styled(s web.Style) Plumbing {
	p.outside = s
	return p
}

// table is a router under construction.
type table struct {
	routes *chi.Mux
	log    *slog.Logger
	limits *ratelimit.Limiter
}

// table builds a router with what every request goes through, from the outside in.
func (p Plumbing) table(https bool, base string) table {
	either := p.outside
	if either == nil {
		either = p.Errors.Either
	}
	r := chi.NewRouter()
	r.Use(
		web.RequestID(p.Proxies),
		web.ClientIP(p.Proxies),
		web.Trace(p.Tracer, p.Proxies, quiet(base)...),
		web.Instrument(p.Metrics, p.Now),
		web.AccessLog(p.Log, p.Now, quiet(base)...),
		web.Headers(https),
		web.HeaderLimit(web.MaxHeader, either),
		web.BodyLimit(web.MaxBody, either),
		web.Timeout(p.Timeout),
	)
	r.NotFound(web.NotFound(either))
	r.MethodNotAllowed(web.WrongMethod(r, either))
	return table{routes: r, log: p.Log, limits: p.Limits}
}

// group is what some routes have in common.
type group struct {
	style     web.Style
	anyOrigin bool // scripts of every origin may call
	guard     func(http.Handler) http.Handler
	limit     ratelimit.Rule // of callers by address; empty for none
}

// limited is the same group under a limit of its own.
func (g group) limited(rule ratelimit.Rule) group {
	g.limit = rule
	return g
}

// add serves a path for some methods; a nil handler is left out.
func (t table) add(g group, methods, path string, h web.Handler) {
	if h == nil {
		return
	}
	handler := web.Handle(g.style, h)
	if g.guard != nil {
		handler = g.guard(handler)
	}
	handler = web.Limit(t.limits, g.limit, g.style)(handler)
	handler = web.Recover(t.log, g.style)(handler)
	if g.anyOrigin {
		methods += " " + http.MethodOptions
		handler = web.CORS(strings.ReplaceAll(methods, " ", ", "))(handler)
	}
	for method := range strings.FieldsSeq(methods) {
		t.routes.Method(method, path, handler)
	}
}

// quiet lists the routes that are asked every few seconds.
func quiet(base string) []string {
	return []string{
		base + web.PathHealth, base + web.PathHealthReady, base + web.PathHealthLive, base + web.PathMetrics,
		"/healthz", "/readyz", "/livez",
	}
}

// metadataPaths are the places where clients look for the metadata of an issuer with a path: both
// documents, with the well-known part in front of the path (RFC 8414 §3.1) and after it (OIDC
// Discovery §4.1). Without a path they are the same.
func metadataPaths(base string) []string {
	paths := []string{web.PathServerMetadata + base, web.PathOpenIDConfig + base}
	if base != "" {
		paths = append(paths, base+web.PathServerMetadata, base+web.PathOpenIDConfig)
	}
	return paths
}

// splitIssuer gives the origin and the path of the issuer, both without a slash at the end.
func splitIssuer(issuer, prefix string) (origin, base string, err error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf("issuer %q: want https://host or https://host/path", issuer)
	}
	base = u.Path
	for name, path := range map[string]string{"issuer": base, "endpoint prefix": prefix} {
		if path != "" && (!strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "{}*?#% ")) {
			return "", "", fmt.Errorf("%s: the path %q must begin with a slash, not end with one, and hold none of {}*?#%%", name, path)
		}
	}
	return u.Scheme + "://" + u.Host, base, nil
}
