package endpoint

import (
	"context"
	"errors"
	"net/http"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Callers authenticates the caller of introspection and revocation: a client that authenticates, or a single-page
// app without a secret that presents the very token that it asks about.
type Callers struct {
	Clients   *clientauth.Authenticator
	Registry  *registry.Registry
	Tokens    *token.Tokens
	AllowSelf bool // the latter may (introspection.allow_self)
}

func (c *Callers) revoking(r *http.Request, p oauth.Params) (oauth.Client, error) {
	shown, err := bearerOf(r)
	if err != nil {
		return oauth.Client{}, err
	}
	if shown != "" && !p.Has("client_id") {
		return c.self(r.Context(), shown, p)
	}
	return authenticate(r, p, c.Clients)
}

// introspecting requires more than revoking: a client that cannot authenticate learns nothing about
// any token except the one that it presents (RFC 7662 §2.1).
func (c *Callers) introspecting(r *http.Request, p oauth.Params) (oauth.Client, error) {
	shown, err := bearerOf(r)
	if err != nil {
		return oauth.Client{}, err
	}
	if shown != "" && !p.Has("client_secret") {
		return c.self(r.Context(), shown, p)
	}
	client, err := authenticate(r, p, c.Clients)
	if err != nil {
		return oauth.Client{}, err
	}
	if client.Public() {
		return oauth.Client{}, oauth.Refuse(oauth.InvalidClient, "client authentication failed", errPublicCaller).About(oauth.Facts{Client: client.ID})
	}
	return client, nil
}

// self returns the public client that a live token was issued to, when the token is asked about by
// itself.
func (c *Callers) self(ctx context.Context, shown oauth.Token, p oauth.Params) (oauth.Client, error) {
	var about oauth.Facts
	refused := func(reason error) error {
		return oauth.Refuse(oauth.InvalidToken, "the access token does not allow this", reason).About(about)
	}
	switch {
	case !c.AllowSelf:
		return oauth.Client{}, refused(errSelfOff)
	case shown.Digest() != oauth.Token(p.Get("token")).Digest():
		return oauth.Client{}, refused(errOtherToken)
	}
	access, dead, err := c.Tokens.InspectBearer(ctx, shown)
	if err != nil {
		return oauth.Client{}, err
	}
	about.Client = access.Client
	if dead != "" {
		return oauth.Client{}, refused(dead.Cause())
	}
	client, err := c.Registry.Client(ctx, access.Client)
	switch {
	case errors.Is(err, store.Absent):
		return oauth.Client{}, refused(errClientGone)
	case err != nil:
		return oauth.Client{}, oauth.Unavailable(err)
	case client.Disabled:
		return oauth.Client{}, refused(errClientDisabled)
	case !client.Public():
		return oauth.Client{}, refused(errHasSecret)
	}
	return client, nil
}

// Why a caller is refused. The caller reads the same words in all cases; these are for the audit log.
var (
	errPublicCaller   = errors.New("a public client may ask only about the token that it shows as Bearer")
	errSelfOff        = errors.New("a bearer may not ask about its own token: introspection.allow_self is off")
	errOtherToken     = errors.New("the bearer asked about another token than the one it showed")
	errClientGone     = errors.New("its client was deleted")
	errClientDisabled = errors.New("its client is disabled")
	errHasSecret      = errors.New("its client has a secret and must authenticate with it")
)
