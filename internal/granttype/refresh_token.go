package granttype

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// MaxGrace is the longest grace: beyond it reuse would no longer be noticed.
const MaxGrace = 30 * time.Second

// RefreshToken serves grant_type refresh_token (RFC 6749 §6, OAuth 2.1 §4.3).
type RefreshToken struct {
	Chain *Chain
	Grace time.Duration // a retry inside it gets the same successor
}

// Describe implements Type.
func (RefreshToken) Describe() oauth.GrantType {
	return oauth.GrantType{
		Name: oauth.GrantRefreshToken, Parameters: []string{"refresh_token", "scope", "resource"}, Public: true,
	}
}

// Exchange implements Type.
func (f RefreshToken) Exchange(ctx context.Context, r Request) (token.Order, error) {
	text := r.Params.Get("refresh_token")
	if text == "" {
		return token.Order{}, oauth.Refuse(oauth.InvalidRequest, "refresh_token is missing", nil)
	}
	shown, ok := oauth.OpenCredential(oauth.Token(text), oauth.KindRefresh, f.Chain.Ring.KeyOf)
	if !ok {
		return token.Order{}, notIssued(oauth.KindRefresh)
	}
	resources, err := oauth.UniqueResources(r.Params.All("resource"))
	if err != nil {
		return token.Order{}, err
	}
	record, err := f.foresee(ctx, r, shown)
	if err != nil {
		return token.Order{}, err
	}
	scope := r.Params.Get("scope")
	lifetimes := f.Chain.Tokens.Lifetimes(r.Client)
	order, err := f.Chain.advance(ctx, showing{
		client:  r.Client,
		shown:   shown,
		asked:   append([]string{scope}, resources...),
		grace:   f.Grace,
		rotate:  r.Client.Rotates(),
		binding: r.Binding,
		record:  record,
		keep:    max(lifetimes.RefreshIdle, lifetimes.Access),
	})
	if err != nil {
		return token.Order{}, err
	}
	order.WithID = true
	return narrow(order, r)
}

// foresee refuses a request that asks for more than was granted before its refresh token is spent,
// so that a client's slip does not cost it the grant. Only a request that asks for something needs
// the look, and so the extra round trip.
func (f RefreshToken) foresee(ctx context.Context, r Request, shown oauth.Credential) (store.NewAccess, error) {
	none := store.NewAccess{}
	if !r.Params.Has("scope") && !r.Params.Has("resource") {
		return none, nil
	}
	grant, err := f.Chain.Grants.Get(ctx, shown.Grant.Ref())
	refused := showing{client: r.Client, shown: shown}
	switch {
	case errors.Is(err, store.Absent):
		return none, f.Chain.refusal(refused, oauth.Unknown)
	case err != nil:
		return none, oauth.Unavailable(err)
	case grant.Client != r.Client.ID:
		return none, f.Chain.refusal(refused, oauth.Foreign)
	}
	order, err := f.Chain.Tokens.Permit(token.Order{Client: r.Client}, grant.Scope, grant.Audience)
	if err != nil {
		return none, err
	}
	if order, err = narrow(order, r); err != nil {
		return none, err
	}
	return store.NewAccess{Scope: order.Scope, Audience: order.Audience}, nil
}

func narrow(order token.Order, r Request) (token.Order, error) {
	var err error
	if order.Scope, err = oauth.NarrowScope(order.Scope, r.Params.Get("scope")); err != nil {
		return token.Order{}, err
	}
	order.Audience, err = oauth.NarrowAudience(order.Audience, r.Params.All("resource"))
	return order, err
}
