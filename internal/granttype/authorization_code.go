package granttype

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// AuthorizationCode serves grant_type authorization_code (RFC 6749 §4.1.3, RFC 7636).
type AuthorizationCode struct{ Chain *Chain }

// Describe implements Type.
func (AuthorizationCode) Describe() oauth.GrantType {
	return oauth.GrantType{
		Name: oauth.GrantAuthorizationCode, Parameters: []string{"code", "redirect_uri", "code_verifier", "resource"},
		Public: true, RedirectURI: true, Refreshable: true,
	}
}

// Exchange implements Type. The code proves its presenter: what it must be presented with is sealed
// inside it and is checked before the store is asked. So a presenter without the verifier changes
// nothing, neither of a live code nor of a spent one: somebody who found a code in a log cannot sign
// its owner out (OAuth 2.1 §7.5.2), and guessing a verifier of 256 bits is hopeless.
func (a AuthorizationCode) Exchange(ctx context.Context, r Request) (token.Order, error) {
	code, verifier, redirect := r.Params.Get("code"), r.Params.Get("code_verifier"), r.Params.Get("redirect_uri")
	switch {
	case code == "":
		return token.Order{}, oauth.Refuse(oauth.InvalidRequest, "code is missing", nil)
	case verifier == "":
		return token.Order{}, oauth.Refuse(oauth.InvalidRequest, "code_verifier is missing", nil)
	}
	shown, ok := oauth.OpenCredential(oauth.Token(code), oauth.KindCode, a.Chain.Ring.KeyOf)
	if !ok {
		return token.Order{}, notIssued(oauth.KindCode)
	}
	if err := proven(shown.Code, verifier, redirect); err != nil {
		return token.Order{}, err
	}
	resources, err := oauth.UniqueResources(r.Params.All("resource"))
	if err != nil {
		return token.Order{}, err
	}
	order, err := a.Chain.advance(ctx, showing{
		client:    r.Client,
		shown:     shown,
		presenter: []string{verifier, redirect},
		asked:     resources,
		rotate:    true,
		binding:   r.Binding,
		record:    store.NewAccess{Audience: resources},
		keep:      a.keep(r.Client),
	})
	if err != nil {
		return token.Order{}, err
	}
	if uri := order.Grant.RedirectURI; !r.Client.Owns(uri) {
		// Revoke the grant: a party that still reads that address must not keep the code that was sent to it.
		return token.Order{}, a.Chain.burn(ctx, order.Grant.Ref,
			invalidGrant("the redirect URI of the authorization request is no longer registered for this client"))
	}
	order.WithID = true
	order.Audience, err = oauth.NarrowAudience(order.Audience, resources)
	return order, err
}

// proven checks the presenter of a code against what is sealed inside the code.
func proven(code oauth.CodeFacts, verifier, redirect string) error {
	switch {
	case !oauth.ValidVerifier(verifier):
		return invalidGrant("code_verifier is not 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
	case !code.ProvenBy(verifier):
		return invalidGrant("code_verifier does not match the code_challenge of the authorization request")
	case redirect != "" && !code.SentTo(redirect):
		// An OAuth 2.1 client leaves it out (OAuth 2.1 §10.2); what an OAuth 2.0 client repeats must
		// be the same (RFC 6749 §4.1.3).
		return invalidGrant("redirect_uri is not the one that the code was sent to")
	}
	return nil
}

// keep returns the time for which the grant outlives its code: as long as a token of it can live.
func (a AuthorizationCode) keep(c oauth.Client) time.Duration {
	lifetimes := a.Chain.Tokens.Lifetimes(c)
	if c.MayUse(oauth.GrantRefreshToken) {
		return max(lifetimes.RefreshIdle, lifetimes.Access)
	}
	return lifetimes.Access
}
