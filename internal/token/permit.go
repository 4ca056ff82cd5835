package token

import (
	"context"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Clients looks a client up as it is registered now; store.Absent when it is not, any other error
// means "could not ask".
type Clients interface {
	Client(ctx context.Context, id oauth.ClientID) (oauth.Client, error)
}

// Audiences lists every audience that a client's tokens may have now. The issuer is among them, for
// /userinfo (oauth.WithUserInfo).
func (t *Tokens) Audiences(c oauth.Client) []string {
	return append(t.o.Resources.Allowed(c), t.o.Issuer)
}

// Permit completes an order with what its client may still have of a grant. What a client lost since
// the grant is not issued again; a grant of which nothing is left is refused.
func (t *Tokens) Permit(o Order, scope oauth.Scopes, audience []string) (Order, error) {
	o.Scope, o.Audience = scope.Only(o.Client.Scopes), t.only(audience, o.Client)
	switch {
	case len(o.Scope) == 0 && len(scope) > 0:
		return Order{}, oauth.Refuse(oauth.InvalidScope, "this client is no longer allowed any of the granted scopes", nil)
	case len(o.Audience) == 0 && len(audience) > 0:
		return Order{}, oauth.Refuse(oauth.InvalidTarget, "this client is no longer allowed any of the granted resources", nil)
	}
	return o, nil
}

// only keeps the audiences that a client's tokens may have now. The server's default one stands in a
// JWT whose order named none: every client may have it.
func (t *Tokens) only(audience []string, c oauth.Client) []string {
	var kept []string
	for i, one := range audience {
		switch may := one == t.o.Issuer || one == t.o.Audience || t.o.Resources.Allows(c, one); {
		case !may && kept == nil:
			kept = append(make([]string, 0, len(audience)), audience[:i]...)
		case may && kept != nil:
			kept = append(kept, one)
		}
	}
	if kept == nil {
		return audience
	}
	return kept
}

// present cuts a live token down to what its client may have now; false when nothing is left of it, or
// its client is disabled, deleted or not registered any more for the grant that the token came of.
func (t *Tokens) present(ctx context.Context, a oauth.Access, grantType string) (oauth.Access, Death, error) {
	client, err := t.o.Clients.Client(ctx, a.Client)
	switch {
	case errors.Is(err, store.Absent):
		return a, deadClientGone, nil
	case err != nil:
		return a, "", oauth.Unavailable(err)
	case client.Disabled:
		return a, deadClientDisabled, nil
	case !client.MayUse(grantType):
		return a, deadGrantType, nil
	}
	scope, audience := a.Scope, t.only(a.Audience, client)
	if !scope.Within(client.Scopes) {
		scope = scope.Only(client.Scopes)
	}
	if len(scope) == 0 && len(a.Scope) > 0 || len(audience) == 0 && len(a.Audience) > 0 {
		return a, deadNothingLeft, nil
	}
	a.Scope, a.Audience = scope, audience
	return a, "", nil
}
