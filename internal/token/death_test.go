package token_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
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

// noClients is a registry that cannot be asked.
type noClients struct{}

func (noClients) Client(context.Context, oauth.ClientID) (oauth.Client, error) {
	return oauth.Client{}, errAway
}

// When the client of a token cannot be looked up, nobody may read that the token is dead: it may be alive.
func TestAClientThatCannotBeLookedUpIsNotADeadToken(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(o *token.Options) { o.Clients = noClients{} })
	for _, format := range formats() {
		c := client("app", format)
		text := r.mint(t, r.order(c)).Access
		if _, _, err := r.Inspect(t.Context(), text); err == nil || oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("%s: inspecting: %v", format, err)
		}
		if _, err := r.Introspect(t.Context(), c, text); err == nil || oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("%s: introspecting: %v", format, err)
		}
	}
}

// deposed is a master that was cut off: it shows what an earlier, unacknowledged revocation did, and
// nothing that is written to it lasts.
type deposed struct {
	store.Access
	store.Grants
}

func (deposed) Look(context.Context, store.Query) (store.Standing, error) {
	return store.Standing{}, nil
}
func (deposed) Get(context.Context, oauth.GrantRef) (oauth.Grant, error) {
	return oauth.Grant{}, store.Absent
}
func (deposed) Revoke(context.Context, store.Query, time.Time, time.Time) error { return errAway }
func (deposed) Kill(context.Context, ...oauth.GrantRef) error                   { return errAway }

func TestWhatIsSeenGoneIsMadeSureOf(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(o *token.Options) { o.Access, o.Grants = deposed{o.Access, o.Grants}, deposed{o.Access, o.Grants} })
	c := client("app", oauth.FormatOpaque)
	opaque := r.mint(t, r.userOrder(t, c)).Access
	keyID, key := r.ring.SealingKey()
	refresh := oauth.Credential{Kind: oauth.KindRefresh, Key: keyID, Grant: oauth.GrantID{1}, Serial: 1}.Seal(key)
	for name, text := range map[string]oauth.Token{"an access token": opaque, "a refresh token": refresh} {
		err := r.Revoke(t.Context(), c, text)
		if got := oauth.AsError(err); err == nil || got.Code != oauth.TemporarilyUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.Revoke(t.Context(), client("another", oauth.FormatOpaque), opaque); err != nil {
		t.Errorf("a token that was another client's: %v", err)
	}
}
