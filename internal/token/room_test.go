package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

const issuer = "https://as.example/auth"

// room is the tokens over an embedded Redis, under a clock that the test moves.
type room struct {
	*token.Tokens
	ring   *keyring.Ring
	grants store.Grants
	access store.Access
	roomtest.Clock
	known sync.Map // clients that are registered otherwise than client makes them

	revocations store.Revocations
}

// Client implements token.Clients: every client is registered.
func (r *room) Client(_ context.Context, id oauth.ClientID) (oauth.Client, error) {
	if c, ok := r.known.Load(id); ok {
		return c.(oauth.Client), nil
	}
	return client(id, ""), nil
}

// newRoom makes a room; wrap may put something before its stores.
func newRoom(t testing.TB, wrap func(*token.Options)) *room {
	t.Helper()
	r := &room{}
	db := roomtest.Open(t, redisconn.Options{CallerClock: true})
	r.ring = roomtest.Ring(t, db, keyring.Options{Now: r.Now})
	r.grants, r.access = redisstore.NewGrants(db), redisstore.NewAccess(db)
	r.revocations = redisstore.NewRevocations(db)
	o := token.Options{Access: r.access, Grants: r.grants, Ring: r.ring, Events: event.Sinks{}, Now: r.Now, Issuer: issuer, Clients: r}
	if wrap != nil {
		wrap(&o)
	}
	r.Tokens = token.New(o)
	return r
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func client(id oauth.ClientID, format oauth.TokenFormat) oauth.Client {
	return oauth.Client{
		ID: id, Format: format, Scopes: oauth.Scopes{"openid", "read", "write"}, Audience: []string{"https://api.example"},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
	}
}

// order asks for tokens without a user.
func (r *room) order(c oauth.Client) token.Order {
	return token.Order{Client: c, Type: oauth.GrantClientCredentials, Scope: oauth.Scopes{"read", "write"}, Entropy: token.RandomEntropy(), Issued: r.Now().Truncate(time.Millisecond)}
}

const ada oauth.UserID = "7d44f3f0-0000-4000-8000-000000000001"

// userOrder asks for tokens of a new grant.
func (r *room) userOrder(t testing.TB, c oauth.Client) token.Order {
	t.Helper()
	now := r.Now().Truncate(time.Millisecond)
	g := oauth.Grant{
		Ref: oauth.NewGrantID(ada, "root", secret.Random(oauth.GrantEntropy)).Ref(), Type: oauth.GrantAuthorizationCode, Client: c.ID, User: ada, Username: "ada",
		Session: "a-session", Scope: oauth.Scopes{"openid", "read"}, Audience: []string{"https://api.example"}, Born: now,
		Expires: now.Add(time.Hour), End: now.Add(24 * time.Hour), AuthTime: now.Add(-time.Minute), ACR: "acr", AMR: []string{"pwd", "otp"}, Nonce: "n-1",
	}
	ok(t, r.grants.Create(t.Context(), g))
	o := r.order(c)
	o.Grant, o.Scope, o.Audience, o.WithID = &g, g.Scope, g.Audience, true
	return o
}

func (r *room) mint(t testing.TB, o token.Order) token.Set {
	t.Helper()
	set, err := r.Mint(t.Context(), o)
	ok(t, err)
	return set
}

func (r *room) alive(t testing.TB, text oauth.Token) bool {
	t.Helper()
	_, alive, err := r.Inspect(t.Context(), text)
	ok(t, err)
	return alive
}

// part reads one part of a JWT without checking it.
func part(t *testing.T, jwt string, n int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	ok(t, err)
	var fields map[string]any
	ok(t, json.Unmarshal(raw, &fields))
	return fields
}

func formats() []oauth.TokenFormat { return []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} }

// away is a store that cannot be asked.
type away struct {
	store.Access
	store.Grants
}

var errAway = errors.New("no answer")

func (away) Put(context.Context, oauth.Access, time.Time) error { return errAway }
func (away) Look(context.Context, store.Query) (store.Standing, error) {
	return store.Standing{}, errAway
}
func (away) Revoke(context.Context, store.Query, time.Time, time.Time) error { return errAway }
func (away) RevokeClient(context.Context, oauth.ClientID, time.Time, time.Duration) error {
	return errAway
}
func (away) Get(context.Context, oauth.GrantRef) (oauth.Grant, error) { return oauth.Grant{}, errAway }
func (away) OfUser(context.Context, store.GrantQuery) (store.GrantPage, error) {
	return store.GrantPage{}, errAway
}
func (away) Kill(context.Context, ...oauth.GrantRef) error { return errAway }
