package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The demo data of serve --dev. Everybody knows these secrets; that is why --dev stays on loopback.
const (
	DemoClient       = "demo"
	DemoSecret       = "demo-secret"
	DemoPublicClient = "demo-spa"
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

func demoClients() []demoClient {
	scopes, _ := oauth.ParseScopes(DemoScope) // a constant of ours
	return []demoClient{
		{oauth.Client{
			ID: DemoClient, Name: "Demo", Method: oauth.AuthBasic, Type: oauth.AppNative, Scopes: scopes,
			GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantClientCredentials, oauth.GrantRefreshToken},
			RedirectURIs: []string{DemoRedirect}, Introspection: oauth.IntrospectAny,
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
}

// seedDemo makes the demo data. What another server on the same Redis made first stays.
func seedDemo(ctx context.Context, b base) error {
	for _, demo := range demoClients() {
		if _, err := b.registry.Client(ctx, demo.client.ID); err == nil {
			continue
		}
		_, _, err := b.registry.Register(ctx, demo.client, demo.secret)
		if err == nil {
			continue
		}
		if _, there := b.registry.Client(ctx, demo.client.ID); there != nil {
			return fmt.Errorf("demo client %s: %w", demo.client.ID, err)
		}
	}
	if _, err := b.directory.Find(ctx, DemoUser); err == nil {
		return nil
	}
	_, err := b.directory.Create(ctx, DemoUser, DemoPassword, "demo@example.com", "Demo User")
	if err != nil && !errors.Is(err, store.Conflict) {
		return fmt.Errorf("demo user: %w", err)
	}
	return nil
}
