package granttype

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// AuthorizationCode serves grant_type authorization_code (RFC 6749 §4.1.3, RFC 7636).
type AuthorizationCode struct{ Chain *Chain }

// Name implements Type.
func (AuthorizationCode) Name() string { return oauth.GrantAuthorizationCode }

// Reads implements Type.
func (AuthorizationCode) Reads() []string {
	return []string{"code", "redirect_uri", "code_verifier", "resource"}
}

// Exchange implements Type. The code is spent before anything about its presenter is checked: a
// code that met the wrong presenter is known to a stranger, and is burned with its grant (OAuth
// 2.1 §4.1.3).
func (a AuthorizationCode) Exchange(ctx context.Context, r Request) (token.Order, error) {
	code, verifier, redirect := r.Params.Get("code"), r.Params.Get("code_verifier"), r.Params.Get("redirect_uri")
	if code == "" {
		return token.Order{}, oauth.Refuse(oauth.InvalidRequest, "code is missing", nil)
	}
	shown, ok := oauth.OpenCredential(oauth.Token(code), oauth.KindCode, a.Chain.Ring.KeyOf)
	if !ok {
		return token.Order{}, notValid(oauth.KindCode)
	}
	resources := r.Params.All("resource")
	order, err := a.Chain.advance(ctx, showing{
		client:    r.Client,
		shown:     shown,
		presenter: []string{verifier, redirect},
		asked:     resources,
		rotate:    true,
		keep:      a.keep(r.Client),
	})
	if err != nil {
		return token.Order{}, err
	}
	if !oauth.Proves(verifier, order.Grant.Challenge) || !sameRedirect(redirect, order.Grant.RedirectURI) {
		return token.Order{}, a.Chain.burn(ctx, order.Grant.Ref, notValid(oauth.KindCode))
	}
	order.WithID = true
	order.Audience, err = oauth.NarrowAudience(order.Audience, resources)
	return order, err
}

// keep is how long the grant outlives its code: as long as something hangs on it.
func (a AuthorizationCode) keep(c oauth.Client) time.Duration {
	lifetimes := a.Chain.Tokens.Lifetimes(c)
	if c.MayUse(oauth.GrantRefreshToken) {
		return max(lifetimes.RefreshIdle, lifetimes.Access)
	}
	return lifetimes.Access
}

// sameRedirect compares what an OAuth 2.0 client repeats here (RFC 6749 §4.1.3); an OAuth 2.1
// client leaves it out, and PKCE stands in for it (OAuth 2.1 §10.2).
func sameRedirect(sent, asked string) bool { return sent == "" || sent == asked }
