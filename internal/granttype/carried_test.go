package granttype_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// plain is a grant type that orders a token and says nothing of its name or of the key that the client proved.
type plain struct{}

func (plain) Describe() oauth.GrantType { return oauth.GrantType{Name: "urn:plain"} }

func (plain) Exchange(_ context.Context, r granttype.Request) (token.Order, error) {
	return token.Order{Client: r.Client, Scope: oauth.Scopes{"read"}, Entropy: token.RandomEntropy(), Issued: time.Now()}, nil
}

// No grant type can forget which one it is, or to which key the token is bound.
func TestThePipelineSetsGrantTypeAndBinding(t *testing.T) {
	t.Parallel()
	r, want := newRoom(t, plain{}), oauth.Binding{KeyThumbprint: "a-thumbprint"}
	for _, name := range []string{"urn:plain", oauth.GrantClientCredentials} {
		c := app()
		c.GrantTypes = append(c.GrantTypes, "urn:plain")
		params, err := oauth.ParseParams(url.Values{"scope": {"read"}})
		ok(t, err)
		set, err := r.Exchange(t.Context(), granttype.Request{Type: name, Client: c, Params: params, Binding: want})
		ok(t, err)
		a, _, err := r.tokens.InspectBearer(t.Context(), set.Access)
		ok(t, err)
		if a.Binding != want || a.GrantType != name {
			t.Errorf("%s: %+v, %q", name, a.Binding, a.GrantType)
		}
	}
}

// A client that lost the grant type of a grant gets no more tokens of that grant.
func TestARefreshNeedsTheGrantTypeOfTheGrant(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	code, ref := r.code(t)
	set, err := r.redeem(t, code)
	ok(t, err)
	lost := app()
	lost.GrantTypes = []string{oauth.GrantRefreshToken, "urn:another"}
	_, err = r.refresh(t, lost, set.Refresh)
	refused(t, "a refresh without the grant type", err, oauth.InvalidGrant)
	if r.there(t, ref) {
		t.Error("the grant goes on")
	}
}
