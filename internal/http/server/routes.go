package server

import (
	"net/http"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/http/adminapi"
	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

// This page lists every route and its middleware. A request passes aroundAll, then around, then its handler. The
// rate limits of authenticated clients are inside the handlers of token, revoke, introspect and the admin API: they
// apply once the client is known.

// aroundAll is the middleware of every request, also of one that matches no route, from the outside in.
func (p Plumbing) aroundAll(https bool, base string, refuse web.Style) []func(http.Handler) http.Handler {
	return []func(http.Handler) http.Handler{
		web.Frame(web.FrameOptions{
			Proxies: p.Proxies, HTTPS: https, Metrics: p.Metrics, Now: p.Now, Log: p.Requests, Quiet: quiet(base),
		}),
		web.Trace(p.Tracer, p.Proxies, quiet(base)...),
		web.HeaderLimit(web.MaxHeader, refuse),
		web.BodyLimit(web.MaxBody, refuse),
	}
}

// around is the middleware of one route, from the outside in.
func (t table) around(g group, methods string) []func(http.Handler) http.Handler {
	var all []func(http.Handler) http.Handler
	if g.anyOrigin {
		all = append(all, web.CORS(strings.ReplaceAll(methods, " ", ", ")))
	}
	all = append(all, web.Recover(t.log, g.style), web.Timeout(t.timeout), web.Limit(t.limits, g.limit, g.style))
	if g.guard != nil {
		all = append(all, g.guard)
	}
	return all
}

// Public holds the handlers of the public listener. A nil handler is not served.
type Public struct {
	Plumbing
	Issuer         string // its path is the prefix of all routes
	EndpointPrefix string // between the issuer and the endpoints, "" or "/…"

	Authorize, Token, Revoke, Introspect, UserInfo  web.Handler
	Metadata, JWKS                                  web.Handler
	Home, Login, Password, Consent, Account, Logout web.Handler
	Static                                          web.Handler
	DemoCallback                                    web.Handler // of the start page, with serve --dev
	Health                                          *endpoint.Health
	Scrape                                          web.Handler // the metrics, if server.public_metrics is set
}

// Handler returns the public routes.
func (p Public) Handler() (http.Handler, error) {
	origin, base, err := splitIssuer(p.Issuer, p.EndpointPrefix)
	if err != nil {
		return nil, err
	}
	sameOrigin, err := web.SameOrigin(origin, p.Errors.Browser)
	if err != nil {
		return nil, err
	}
	t := p.table(strings.HasPrefix(origin, "https:"), base)
	oauth2 := base + p.EndpointPrefix

	// For programs: JSON, and scripts of every origin may call.
	programs := group{style: p.Errors.API, anyOrigin: true}
	t.add(programs.limited(ratelimit.TokenIP), "POST", oauth2+web.PathToken, p.Token)
	t.add(programs.limited(ratelimit.TokenIP), "POST", oauth2+web.PathRevoke, p.Revoke)
	t.add(programs.limited(ratelimit.IntrospectIP), "POST", oauth2+web.PathIntrospect, p.Introspect)
	t.add(programs, "GET HEAD", base+web.PathJWKS, p.JWKS)
	for _, path := range metadataPaths(base) {
		t.add(programs, "GET HEAD", path, p.Metadata)
	}
	holders := group{style: p.Errors.Bearer, anyOrigin: true, limit: ratelimit.IntrospectIP}
	t.add(holders, "GET HEAD POST", oauth2+web.PathUserInfo, p.UserInfo)

	// For browsers. Clients send people to /authorize from other sites, also by POST. HEAD is not served: it would
	// issue a code to a program that previews a link.
	t.add(group{style: p.Errors.Browser, limit: ratelimit.AuthorizeIP}, "GET POST", oauth2+web.PathAuthorize, p.Authorize)
	pages := group{style: p.Errors.Browser, guard: sameOrigin, limit: ratelimit.PagesIP}
	t.add(pages, "GET HEAD", base+"/", p.Home)
	if base != "" {
		t.add(pages, "GET HEAD", base, p.Home) // the issuer's own address
	}
	if p.DemoCallback != nil {
		t.add(pages, "POST", base+"/", p.Home)
		t.add(pages, "GET", base+page.DemoCallback, p.DemoCallback)
	}
	t.add(pages.limited(ratelimit.LoginIP), "GET HEAD POST", base+web.PathLogin, p.Login)
	t.add(pages.limited(ratelimit.LoginIP), "GET HEAD POST", base+web.PathPassword, p.Password)
	t.add(pages, "GET HEAD POST", base+web.PathConsent, p.Consent)
	t.add(pages, "GET HEAD POST", base+web.PathAccount, p.Account)
	t.add(pages, "GET HEAD POST", base+web.PathLogout, p.Logout)
	t.add(group{style: p.Errors.Browser}, "GET HEAD", base+web.PathStatic+"*", p.Static) // served from memory; error pages need these files as well

	// For probes.
	probes := group{style: p.Errors.API}
	t.add(probes, "GET HEAD", base+web.PathHealth, p.Health.Ready)
	t.add(probes, "GET HEAD", base+web.PathHealthReady, p.Health.Ready)
	t.add(probes, "GET HEAD", base+web.PathHealthLive, p.Health.Live)
	t.add(probes, "GET HEAD", base+web.PathMetrics, p.Scrape)
	return t.handler(), nil
}

// Admin holds the handlers of the operators' listener.
type Admin struct {
	Plumbing
	Hosts  []string         // host names that requests may use, besides IP addresses and localhost
	Health *endpoint.Health // nil: no probes
	Scrape web.Handler
	API    *adminapi.API
}

// Handler returns the operators' routes.
func (a Admin) Handler() http.Handler {
	t := a.Plumbing.styled(a.problems).table(false, "")
	if a.API != nil {
		api := group{style: a.Errors.Problem, guard: web.Hosts(a.Hosts, a.Errors.Problem)}
		for _, operation := range a.API.Routes() {
			t.add(api, operation.Methods, operation.Path, operation.Serve)
		}
	}
	if a.Health == nil {
		return t.handler()
	}
	probes := group{style: a.Errors.API, guard: web.Hosts(a.Hosts, a.Errors.API)}
	for _, path := range []string{web.PathHealth, web.PathHealthReady, "/healthz", "/readyz"} {
		t.add(probes, "GET HEAD", path, a.Health.Ready)
	}
	for _, path := range []string{web.PathHealthLive, "/livez"} {
		t.add(probes, "GET HEAD", path, a.Health.Live)
	}
	t.add(probes, "GET HEAD", web.PathMetrics, a.Scrape)
	return t.handler()
}

// problems refuses a request that matches no route: below the path of the API, in the form of the API.
func (a Admin) problems(w http.ResponseWriter, r *http.Request, err error) {
	if strings.HasPrefix(r.URL.Path, adminapi.Base+"/") {
		a.Errors.Problem(w, r, err)
		return
	}
	a.Errors.Either(w, r, err)
}
