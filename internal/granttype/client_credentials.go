package granttype

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// ClientCredentials serves grant_type client_credentials (RFC 6749 §4.4). No refresh token ever
// comes of it (§4.4.3).
type ClientCredentials struct {
	Now       func() time.Time
	UserOnly  oauth.Scopes // scopes that mean nothing without a person
	Resources oauth.Resources
}

// Describe implements Type. A public client has no credentials that it could use here.
func (ClientCredentials) Describe() oauth.GrantType {
	return oauth.GrantType{Name: oauth.GrantClientCredentials, Parameters: []string{"scope", "resource"}}
}

// Exchange implements Type.
func (c ClientCredentials) Exchange(_ context.Context, r Request) (token.Order, error) {
	scope, err := c.scope(r)
	if err != nil {
		return token.Order{}, err
	}
	audience, err := c.Resources.Resolve(r.Client, r.Params.All("resource"))
	if err != nil {
		return token.Order{}, err
	}
	return token.Order{
		Client:   r.Client,
		Scope:    scope,
		Audience: audience,
		Entropy:  token.RandomEntropy(),
		Issued:   c.Now().Truncate(time.Millisecond),
	}, nil
}

func (c ClientCredentials) scope(r Request) (oauth.Scopes, error) {
	asked, err := oauth.ParseScopes(r.Params.Get("scope"))
	if err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		return r.Client.Default().Without(c.UserOnly), nil
	}
	if err := asked.RefuseScope(r.Client.Scopes, "is not allowed for this client"); err != nil {
		return nil, err
	}
	if err := asked.RefuseScope(r.Client.Scopes.Without(c.UserOnly), "needs a user: client_credentials cannot have it"); err != nil {
		return nil, err
	}
	return asked, nil
}
