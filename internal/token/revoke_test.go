package token_test

import (
	"context"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

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
