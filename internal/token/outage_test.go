package token_test

import (
	"context"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

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
