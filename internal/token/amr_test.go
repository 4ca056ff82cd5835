package token_test

import (
	"fmt"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
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
