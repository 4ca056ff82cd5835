package adminapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// userOf finds the demo's user.
func userOf(t *testing.T, c *adminclient.Client) string {
	t.Helper()
	user, found, err := c.UserNamed(t.Context(), "demo")
	if err != nil || !found {
		t.Fatalf("the demo's user: %v, %v", found, err)
	}
	return user.ID
}

// shows fails the test unless every answer about a grant agrees whether it is alive: introspection of both tokens,
// userinfo, the operator's introspection, the operator's lists, and the account page.
func shows(t *testing.T, d *testkit.Daemon, party testkit.Party, issued testkit.Answer, alive bool) {
	t.Helper()
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	access, refresh := issued.Text("access_token"), issued.Text("refresh_token")
	answers := map[string]bool{
		"introspection of the access token": d.Demo().Active(t, access),
	}
	if active, answered := party.Introspect(t, refresh).Fields["active"].(bool); answered { // not by a disabled client
		answers["introspection of the refresh token"] = active
	}
	for what, token := range map[string]string{"access": access, "refresh": refresh} {
		known, err := c.Introspect(ctx, secret.Text(token))
		ok(t, err)
		answers["the operator's introspection of the "+what+" token"] = known.Active
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Base+"/userinfo", nil)
	ok(t, err)
	ask.Header.Set("Authorization", "Bearer "+access)
	answers["userinfo"] = testkit.Do(t, ask).Status == http.StatusOK
	listed := func(of string) (found bool) {
		for g, err := range c.Grants(ctx, userOf(t, c), of) {
			ok(t, err)
			found = found || g.Client == party.ID
		}
		return found
	}
	answers["the operator's list of all grants"], answers["the operator's list of the client's grants"] = listed(""), listed(party.ID)
	sessions, err := adminclient.Collect(c.Sessions(ctx, adminwire.SessionFilter{Client: party.ID}), 0)
	ok(t, err)
	answers["the operator's search of sessions"] = len(sessions) > 0
	person := testkit.NewPerson(t)
	person.Submit(t, person.Follow(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "demo-password"})
	answers["the account page"] = strings.Contains(person.Get(t, d.Base+"/account").Body, `name="client" value="`+party.ID+`"`)
	for what, got := range answers {
		if got != alive {
			t.Errorf("%s says %v, want %v", what, got, alive)
		}
	}
}

// When a grant has ended, every answer about it shows that, and not only the endpoints where its tokens are used.
func TestF_S01_AllAnswersAboutAnEndedGrantAgree(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context, *adminclient.Client) error{
		"the client's tokens are revoked": func(ctx context.Context, c *adminclient.Client) error {
			return c.RevokeClientTokens(ctx, "holder", time.Time{})
		},
		"the client is disabled and enabled": func(ctx context.Context, c *adminclient.Client) error {
			if _, err := c.PatchClient(ctx, "holder", adminclient.Patch{"disabled": true}, none); err != nil {
				return err
			}
			_, err := c.PatchClient(ctx, "holder", adminclient.Patch{"disabled": false}, none)
			return err
		},
		"the client is disabled": func(ctx context.Context, c *adminclient.Client) error {
			_, err := c.PatchClient(ctx, "holder", adminclient.Patch{"disabled": true}, none)
			return err
		},
		"everything is revoked": func(ctx context.Context, c *adminclient.Client) error { return c.RevokeAll(ctx, time.Time{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := onRedis(t)
			party := d.Register(t, oauth.Client{
				ID: "holder", SkipConsent: true, GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
			})
			issued := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"}))
			shows(t, d, party, issued, true)
			ok(t, end(t.Context(), clientOf(t, d, asked(t, root(d)))))
			d.Clock.Advance(2 * time.Second) // beyond the lease
			shows(t, d, party, issued, false)
		})
	}
}

// A revocation is stored even when it ends nothing, so an id without a client is refused.
func TestF_S01_AUsersGrantsToAMadeUpClientAreNotRevoked(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c := clientOf(t, d, asked(t, root(d)))
	is(t, "nobody", second(c.RevokeUserTokens(t.Context(), userOf(t, c), "nobody")), "not-found")
	ok(t, second(c.RevokeUserTokens(t.Context(), userOf(t, c), "demo")))
}
