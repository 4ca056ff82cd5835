package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The demo data of serve --dev. Everybody knows these secrets; that is why --dev stays on loopback.
const (
	DemoClient       = "demo"
	DemoSecret       = "demo-secret"
	DemoPublicClient = "demo-spa"
	DemoStartClient  = "demo-start" // of the start page
	DemoOwnClient    = "my-app"     // of an application under development
	DemoAdmin        = "demo-admin"
	DemoAdminSecret  = "demo-admin-secret" //nolint:gosec // G101: everybody may know it
	DemoUser         = "demo"
	DemoPassword     = "demo-password"
	DemoRedirect     = "http://127.0.0.1/callback" // with any port
	DemoScope        = "openid profile email offline_access read write"
)

// demoClient is a client of the demo and its secret; a public one has none.
type demoClient struct {
	client oauth.Client
	secret string
}

func demoClients(issuer string, redirects []string) []demoClient {
	scopes, _ := oauth.ParseScopes(DemoScope) // a constant
	all := []demoClient{
		{oauth.Client{
			ID: DemoClient, Name: "Demo", Method: oauth.AuthBasic, Type: oauth.AppNative, Scopes: scopes,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantClientCredentials, oauth.GrantRefreshToken},
			RedirectURIs: append([]string{DemoRedirect}, redirects...), Introspection: oauth.IntrospectAny,
		}, DemoSecret},
		{oauth.Client{
			ID: DemoPublicClient, Name: "Demo Single-Page App", Method: oauth.AuthNone, Type: oauth.AppNative, Scopes: scopes,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
			RedirectURIs: []string{DemoRedirect},
		}, ""},
		{oauth.Client{
			ID: DemoAdmin, Name: "Demo Admin", Method: oauth.AuthBasic, Scopes: oauth.Scopes{"admin:*"},
			GrantTypes: []string{oauth.GrantClientCredentials},
		}, DemoAdminSecret},
	}
	if servesStartPage(issuer) {
		all = append(all, demoClient{oauth.Client{
			ID: DemoStartClient, Name: "The start page", Method: oauth.AuthNone, Type: oauth.AppWeb, Scopes: scopes,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
			RedirectURIs: []string{issuer + page.DemoCallback},
		}, ""})
	}
	if len(redirects) > 0 {
		all = append(all, demoClient{oauth.Client{
			ID: DemoOwnClient, Name: "My App", Method: oauth.AuthNone, Type: oauth.AppWeb, Scopes: scopes,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
			RedirectURIs: redirects,
		}, ""})
	}
	return all
}

// servesStartPage reports whether the start page can be a client of this issuer. The redirect URI of an http issuer on
// another machine is refused; then the server must start without the page.
func servesStartPage(issuer string) bool {
	return oauth.CheckRedirectURI(issuer+page.DemoCallback) == nil
}

// seedDemo creates the demo data. Data that another server on the same Redis created first stays, and the redirect URIs
// of this server are added to it.
func seedDemo(ctx context.Context, b base, issuer string, redirects []string) error {
	for _, demo := range demoClients(issuer, redirects) {
		_, err := b.registry.Client(ctx, demo.client.ID)
		if err != nil {
			if _, _, err = b.registry.Register(ctx, demo.client, demo.secret); err == nil {
				continue
			}
		}
		_, there := b.registry.Change(ctx, demo.client.ID, func(c *oauth.Client) error {
			for _, uri := range demo.client.RedirectURIs {
				if !slices.Contains(c.RedirectURIs, uri) {
					c.RedirectURIs = append(c.RedirectURIs, uri)
				}
			}
			return nil
		})
		switch {
		case errors.Is(there, store.Absent): // no other server created it: the registration was refused
			return fmt.Errorf("demo client %s: %w", demo.client.ID, err)
		case there != nil:
			return fmt.Errorf("demo client %s: %w", demo.client.ID, there)
		}
	}
	if _, err := b.directory.Find(ctx, DemoUser); err == nil {
		return nil
	}
	hash, err := b.hasher.Hash(ctx, DemoPassword) // everybody knows it: the rules for passwords do not apply
	if err != nil {
		return fmt.Errorf("demo user: %w", err)
	}
	_, err = b.directory.AddHashed(ctx, oauth.User{Name: DemoUser, Email: "demo@example.com", DisplayName: "Demo User"}, hash)
	if err != nil && !errors.Is(err, store.Conflict) {
		return fmt.Errorf("demo user: %w", err)
	}
	return nil
}

// demoOptions returns those of the start page; nil without serve --dev, or when the start page cannot be a client.
func (a *App) demoOptions() *page.DemoOptions {
	if !a.config.Dev || !servesStartPage(a.issuer) {
		return nil
	}
	scheme := "http://"
	if a.certificates != nil {
		scheme = "https://"
	}
	return &page.DemoOptions{
		Issuer: a.issuer, Client: DemoStartClient, Scope: "openid profile email read", Endpoints: scheme + a.Addr() + pathOf(a.issuer) + a.config.Server.EndpointPrefix,
		Introspector: DemoClient, Secret: DemoSecret, Username: DemoUser, Password: DemoPassword,
		Redirects: a.options.DevRedirects, OwnClient: DemoOwnClient,
	}
}
