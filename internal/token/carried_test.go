package token_test

import (
	"fmt"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// The methods by which a user proved who they are travel from the grant into the access token, the ID token and
// every introspection (RFC 8176, RFC 9068 §2.2.1, OIDC Core §2).
func TestTheMethodsOfASignInReachEveryToken(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	const want = "[pwd otp]"
	for _, format := range formats() {
		c := client("app", format)
		o := r.userOrder(t, c)
		set := r.mint(t, o)
		if got := fmt.Sprint(part(t, set.IDToken, 1)["amr"]); got != want {
			t.Errorf("%s: the ID token has the amr %s", format, got)
		}
		asker := oauth.Client{ID: "rs", Introspection: oauth.IntrospectAny}
		if got := fmt.Sprint(introspect(t, r, asker, set.Access)["amr"]); got != want {
			t.Errorf("%s: the introspection of the access token has the amr %s", format, got)
		}
		if format == oauth.FormatJWT {
			if got := fmt.Sprint(part(t, set.Access.Reveal(), 1)["amr"]); got != want {
				t.Errorf("the access token has the amr %s", got)
			}
		}
	}
}

const another = "urn:example:grant-type:another"

// A token counts as one of the grant type that it came of: a client that has only that grant type may use it, and
// one that lost the grant type may not.
func TestATokenCarriesItsGrantType(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		only := client("only", format)
		only.GrantTypes = []string{another}
		r.known.Store(only.ID, only)
		ofClient, ofUser := r.order(only), r.userOrder(t, only)
		ofClient.Type = another
		g := *ofUser.Grant
		g.Ref, g.Type = oauth.NewGrantID(ada, "root", secret.Random(oauth.GrantEntropy)).Ref(), another
		ok(t, r.grants.Create(t.Context(), g))
		ofUser.Grant, ofUser.Type = &g, oauth.GrantRefreshToken
		for what, o := range map[string]token.Order{"a client's": ofClient, "a user's": ofUser} {
			only.GrantTypes = []string{another}
			r.known.Store(only.ID, only)
			text := r.mint(t, o).Access
			if a, alive, err := r.Inspect(t.Context(), text); err != nil || !alive || a.GrantType != another {
				t.Errorf("%s, %s: %q, %v, %v", format, what, a.GrantType, alive, err)
			}
			only.GrantTypes = []string{oauth.GrantAuthorizationCode, oauth.GrantClientCredentials}
			r.known.Store(only.ID, only)
			if r.alive(t, text) {
				t.Errorf("%s, %s: alive without its grant type", format, what)
			}
		}
	}
}

// Tokens of earlier releases hold no grant type: a token of a user came of an authorization code, any other of
// client_credentials. Today's hold none either, where that is right, so that they need no more room.
func TestTheUsualGrantTypesNeedNoRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		c := client("app", format)
		for want, o := range map[string]token.Order{oauth.GrantClientCredentials: r.order(c), oauth.GrantAuthorizationCode: r.userOrder(t, c)} {
			text := r.mint(t, o).Access
			if format == oauth.FormatJWT {
				if got, has := part(t, text.Reveal(), 1)["grant_type"]; has {
					t.Errorf("the JWT has the grant_type %v", got)
				}
			}
			if a, alive, err := r.Inspect(t.Context(), text); err != nil || !alive || a.GrantType != want {
				t.Errorf("%s, %s: %q, %v, %v", format, want, a.GrantType, alive, err)
			}
		}
	}
}
