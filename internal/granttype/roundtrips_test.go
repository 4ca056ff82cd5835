package granttype_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// trips records the questions to the store; each is one round trip.
type trips struct {
	store.Access
	store.Grants
	asked []string
	last  *store.NewAccess
}

func (s *trips) Put(ctx context.Context, a oauth.Access, now time.Time) error {
	s.asked = append(s.asked, "put")
	return s.Access.Put(ctx, a, now)
}

func (s *trips) Look(ctx context.Context, q store.Query) (store.Standing, error) {
	s.asked = append(s.asked, "look")
	return s.Access.Look(ctx, q)
}

func (s *trips) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	s.asked = append(s.asked, "get")
	return s.Grants.Get(ctx, ref)
}

func (s *trips) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	s.asked, s.last = append(s.asked, "advance"), p.Access
	return s.Grants.Advance(ctx, p)
}

// One token request costs these round trips, and an access token that is a JWT leaves no record behind.
func TestRoundTripsOfEachGrantAndFormat(t *testing.T) {
	t.Parallel()
	const jwtAPI, opaqueAPI, plainAPI = "https://jwt.example/", "https://opaque.example/", "https://plain.example/"
	for _, c := range []struct {
		format   oauth.TokenFormat
		audience []string // of the grant
		want     oauth.TokenFormat
	}{
		{oauth.FormatOpaque, nil, oauth.FormatOpaque},
		{oauth.FormatJWT, nil, oauth.FormatJWT},
		{oauth.FormatOpaque, []string{plainAPI}, oauth.FormatOpaque},
		{oauth.FormatOpaque, []string{jwtAPI}, oauth.FormatJWT},
		{oauth.FormatJWT, []string{opaqueAPI}, oauth.FormatOpaque},
		{oauth.FormatOpaque, []string{plainAPI, jwtAPI}, oauth.FormatJWT},
	} {
		t.Run(fmt.Sprint(c.format, c.audience), func(t *testing.T) {
			t.Parallel()
			r, s := newCountedRoom(t, oauth.Resources{
				{URI: plainAPI}, {URI: jwtAPI, Format: oauth.FormatJWT}, {URI: opaqueAPI, Format: oauth.FormatOpaque},
			})
			client := app()
			client.Format = c.format
			code := r.codeFor(t, c.audience)
			step := func(name string, want []string, grant string, params ...string) token.Set {
				t.Helper()
				s.asked, s.last = nil, nil
				set, err := r.exchange(t, client, grant, params...)
				ok(t, err)
				if set.Format != c.want {
					t.Errorf("%s: a token of format %s, want %s", name, set.Format, c.want)
				}
				if !slices.Equal(s.asked, want) {
					t.Errorf("%s: asked %v, want %v", name, s.asked, want)
				}
				if s.last != nil {
					standing, err := s.Access.Look(t.Context(), store.Query{
						Digest: s.last.Digest, Format: oauth.FormatOpaque, Grant: r.ref, Client: store.TagOf("app"),
					})
					if err != nil || standing.Found != (c.want == oauth.FormatOpaque) {
						t.Errorf("%s: a record is there: %v (%v)", name, standing.Found, err)
					}
				}
				if _, alive, err := r.tokens.Inspect(t.Context(), set.Access); err != nil || !alive {
					t.Errorf("%s: the token is dead (%v)", name, err)
				}
				return set
			}
			set := step("code", []string{"advance"}, "authorization_code", "code", code.Reveal(), "code_verifier", verifier, "redirect_uri", callback)
			set = step("refresh", []string{"advance"}, "refresh_token", "refresh_token", set.Refresh.Reveal())
			// A request that asks for less reads the grant first. The store then writes the narrower record at once.
			step("narrower refresh", []string{"get", "advance"}, "refresh_token", "refresh_token", set.Refresh.Reveal(), "scope", "read")
		})
	}
}

// countedRoom is a room whose questions to the store are counted.
type countedRoom struct {
	*room
	tokens *token.Tokens
	ref    oauth.GrantRef
}

func newCountedRoom(t *testing.T, resources oauth.Resources) (*countedRoom, *trips) {
	t.Helper()
	r := &countedRoom{room: &room{}}
	db := roomtest.Open(t, redisconn.Options{CallerClock: true})
	r.ring = roomtest.Ring(t, db, keyring.Options{Now: r.Now})
	s := &trips{Access: redisstore.NewAccess(db), Grants: redisstore.NewGrants(db)}
	r.tokens = token.New(token.Options{
		Access: s, Grants: s, Ring: r.ring, Events: r, Now: r.Now, Issuer: "https://as.example", Clients: registered{}, Resources: resources,
	})
	chain := &granttype.Chain{Grants: s, Ring: r.ring, Tokens: r.tokens, Events: r, Now: r.Now}
	r.Pipeline = granttype.New(r.tokens, r, granttype.AuthorizationCode{Chain: chain}, granttype.RefreshToken{Chain: chain, Grace: 10 * time.Second})
	r.grants = &fragile{Grants: s}
	return r, s
}

// codeFor returns the code of a new grant for an audience.
func (r *countedRoom) codeFor(t *testing.T, audience []string) oauth.Token {
	t.Helper()
	const user = "7d44f3f0-0000-4000-8000-000000000001"
	id, now := oauth.NewGrantID(user, "root", secret.Random(oauth.GrantEntropy)), r.Now().Truncate(time.Millisecond)
	r.ref = id.Ref()
	ok(t, r.grants.Create(t.Context(), oauth.Grant{
		Ref: r.ref, Client: "app", User: user, Username: "ada", Scope: oauth.Scopes{"read", "write"}, Audience: audience,
		Born: now, Expires: now.Add(10 * time.Minute), End: now.Add(24 * time.Hour), RedirectURI: callback,
	}))
	keyID, key := r.ring.SealingKey()
	return oauth.Credential{
		Kind: oauth.KindCode, Key: keyID, Grant: id, Code: oauth.CodeOf(now.Add(10*time.Minute), oauth.ChallengeOf(verifier), callback),
	}.Seal(key)
}
