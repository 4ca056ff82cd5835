package token_test

import (
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// The audit log has the reason for refusing an access token, although its bearer always gets the same words.
func TestF_N01_ADeadTokenHasItsReason(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for _, format := range formats() {
		c := client("app-"+oauth.ClientID(format), format)
		revoked, cut, late := r.mint(t, r.order(c)).Access, r.mint(t, r.order(c)).Access, r.mint(t, r.order(c))
		ok(t, r.Revoke(t.Context(), c, revoked))
		why := func(text oauth.Token, want string) {
			t.Helper()
			_, dead, err := r.InspectBearer(t.Context(), text)
			if err != nil || want == "" && dead != "" || !strings.Contains(string(dead), want) {
				t.Errorf("%s: %q, %v, want %q", format, dead, err, want)
			}
		}
		why(late.Access, "")
		why(revoked, "it was revoked")
		why("no.such.token", "is not signed")
		why("x", "does not have the form")
		why(oauth.Token(strings.Repeat("A", 38)), "Redis holds no such token")
		r.Pass(2 * time.Second)
		ok(t, r.RevokeClient(t.Context(), "x", c.ID, r.Now()))
		r.Pass(2 * time.Second)
		why(cut, "all tokens of its client were revoked")
		if format == oauth.FormatJWT {
			r.Pass(late.ExpiresIn)
			why(late.Access, "it is expired")
		}
	}
}
