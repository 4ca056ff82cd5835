package app

import (
	"fmt"
	"net/url"
	"os"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/smallfile"
	"github.com/recipe-web-app/oauth2d/internal/upkeep"
)

// makeServers creates the two listeners with their handlers.
func (a *App) makeServers() error {
	c := a.config
	proxies, err := web.NewProxies(web.ForwardHeader(c.Server.ProxyHeader), c.Server.TrustedProxies)
	if err != nil {
		return err
	}
	cookies := web.CookiesOf(a.issuer)
	if a.pages, err = a.makePages(cookies); err != nil {
		return err
	}
	errs := &web.Errors{Log: a.log, Events: a.events, Page: a.pages.Error, FormPost: a.pages.FormPost}
	a.health = &endpoint.Health{Probe: a.pulse.Probe, Durability: string(a.rules.stores.db.Durability())}
	plumbing := server.Plumbing{
		Log: a.log, Requests: a.logging.requests(c.Log), Metrics: a.metrics, Errors: errs, Now: a.options.Now, Proxies: proxies, Timeout: c.Server.RequestTimeout,
		Limits: a.rules.limits, Tracer: a.tracing.Provider(),
	}
	public, err := a.publicFace(plumbing, cookies)
	if err != nil {
		return err
	}
	handler, err := public.Handler()
	if err != nil {
		return err
	}
	a.public = server.New(server.Options{
		Name: "public", Listener: a.listener, Handler: handler, TLS: a.certificates, Timeout: c.Server.RequestTimeout, Log: a.log,
		MaxConnections: a.maxConnections(),
	})
	scrape := &endpoint.Metrics{Metrics: a.metrics}
	operators := server.Admin{Plumbing: plumbing, Hosts: c.Admin.Hosts, Health: a.health, Scrape: scrape.Serve, API: a.operatorsAPI()}
	a.admin = server.New(server.Options{
		Name: "admin", Listener: a.adminListener, Handler: operators.Handler(), Timeout: c.Server.RequestTimeout, Log: a.log,
		MaxConnections: adminConnections,
	})
	return nil
}

// loadCertificates reads the TLS files, if there are any.
func (a *App) loadCertificates() error {
	files := a.config.Server.TLS
	if !files.Enabled() {
		return nil
	}
	var err error
	if a.certificates, err = server.LoadCertificates(files.CertFile, files.KeyFile); err != nil {
		return fmt.Errorf("server.tls: %w; hint: cert_file and key_file name PEM files that belong together and that this user may read", err)
	}
	return nil
}

// newCertificateEnds returns the ends of the certificates that the settings name.
func newCertificateEnds(c config.Config) *upkeep.Certificates {
	files := map[string]string{upkeep.Server: c.Server.TLS.CertFile}
	if c.Redis.TLS.Enabled {
		files[upkeep.RedisClient], files[upkeep.RedisCA] = c.Redis.TLS.CertFile, c.Redis.TLS.CAFile
	}
	return upkeep.NewCertificates(files)
}

// publicFace creates the handlers of every endpoint and page.
func (a *App) publicFace(plumbing server.Plumbing, cookies web.Cookies) (server.Public, error) {
	c, r := a.config, a.rules
	base := pathOf(a.issuer)
	metadata, err := endpoint.NewWellKnown(endpoint.Metadata{
		Issuer: a.issuer, EndpointPrefix: c.Server.EndpointPrefix, Supported: Supported(), Scopes: scopeNames(c),
		Algorithms: r.ring.Algorithms(), AllowSelf: c.Introspection.AllowSelf,
	})
	if err != nil {
		return server.Public{}, err
	}
	callers := &endpoint.Callers{Clients: r.clients, Registry: r.registry, Tokens: r.tokens, AllowSelf: c.Introspection.AllowSelf}
	authorization := &endpoint.Authorize{
		Authorizer: r.authorizer, Sessions: r.sessions, Cookies: cookies, Errors: plumbing.Errors,
		Login: base + web.PathLogin, Consent: base + web.PathConsent,
	}
	public := server.Public{
		Plumbing:       plumbing,
		Issuer:         a.issuer,
		EndpointPrefix: c.Server.EndpointPrefix,
		Authorize:      authorization.Serve,
		Token:          (&endpoint.Token{Clients: r.clients, GrantTypes: r.grantTypes, Limits: r.limits}).Serve,
		Revoke:         (&endpoint.Revoke{Callers: callers, Tokens: r.tokens, Limits: r.limits}).Serve,
		Introspect:     (&endpoint.Introspect{Callers: callers, Tokens: r.tokens, Limits: r.limits}).Serve,
		UserInfo:       (&endpoint.UserInfo{Tokens: r.tokens, People: r.directory, Issuer: a.issuer}).Serve,
		Metadata:       metadata.Serve,
		JWKS:           (&endpoint.JWKS{Keys: r.ring.JWKS}).Serve,
		Home:           a.pages.Home,
		Login:          a.pages.Login,
		Password:       a.pages.Password,
		Consent:        a.pages.Consent,
		Account:        a.pages.Account,
		Logout:         a.pages.Logout,
		Static:         a.pages.Static,
		Health:         a.health,
	}
	if a.demoOptions() != nil {
		public.DemoCallback = a.pages.DemoCallback
	}
	if c.Server.PublicMetrics {
		public.Scrape = (&endpoint.Metrics{Metrics: a.metrics}).Serve
	}
	return public, nil
}

func (a *App) makePages(cookies web.Cookies) (*page.Pages, error) {
	look, err := lookOf(a.config)
	if err != nil {
		return nil, err
	}
	c, base := a.config, pathOf(a.issuer)
	pages, err := page.New(page.Options{
		Authorizer: a.rules.authorizer,
		Sessions:   a.rules.sessions,
		Directory:  a.rules.directory,
		SignIn:     a.rules.signIn,
		Clients:    a.rules.registry,
		Ring:       a.rules.ring,
		Cookies:    cookies,
		Now:        a.options.Now,
		Lifetimes:  lifetimesOf(c),
		Base:       base,
		Authorize:  base + c.Server.EndpointPrefix + web.PathAuthorize,
		Look:       look,
		Demo:       a.demoOptions(),
	})
	if err != nil {
		return nil, fmt.Errorf("brand: %w", err)
	}
	return pages, nil
}

// lookOf reads the settings of the pages.
func lookOf(c config.Config) (page.Look, error) {
	look := page.Look{Brand: page.Brand{
		Name: c.Brand.Name, Accent: c.Brand.Accent, SupportURL: c.Brand.SupportURL, Footer: c.Brand.Footer,
		PrivacyURL: c.Brand.PrivacyURL, TermsURL: c.Brand.TermsURL,
	}}
	if c.Brand.LogoFile != "" {
		logo, err := smallfile.Read(c.Brand.LogoFile)
		if err != nil {
			return look, &fileError{key: "brand.logo_file", err: err, hint: "name an SVG or PNG file that this user may read"}
		}
		look.Brand.Logo = logo
	}
	if c.Brand.MessagesDir != "" {
		if err := readable("brand.messages_dir", c.Brand.MessagesDir); err != nil {
			return look, err
		}
		look.Messages = os.DirFS(c.Brand.MessagesDir)
	}
	for _, scope := range c.Scopes {
		look.Scopes = append(look.Scopes, page.Scope{Name: scope.Name, Description: scope.Description, Writes: scope.Writes})
	}
	return look, nil
}

// pathOf returns the path of the issuer, which all routes begin with; "" when it has none.
func pathOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return "" // the settings were checked
	}
	return u.Path
}
