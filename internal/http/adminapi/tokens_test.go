package adminapi_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// The key to which a token is bound, and the grant type that it came of, are in the answer about the token.
func TestATokensBindingAndGrantType(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	operator, thumbprint := asked(t, root(d)), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	bearer := tokenOf(t, d, "read")
	before, _ := server.Do(t, "KEYS", "auth:access_token:*").([]any)
	bound := tokenOf(t, d, "read")
	after, _ := server.Do(t, "KEYS", "auth:access_token:*").([]any)
	for _, key := range after {
		if !strings.Contains(textOf(before), key.(string)) {
			server.Do(t, "HSET", key, "cnf", "jkt:"+thumbprint)
		}
	}
	for text, want := range map[string]bool{bearer: false, bound: true} {
		a := raw{method: "POST", path: "/tokens/introspect", token: operator, body: `{"token":"` + text + `"}`}.send(t, d)
		cnf, _ := a.Fields["cnf"].(map[string]any)
		if has := cnf["jkt"] == thumbprint; has != want || a.Fields["grant_type"] != oauth.GrantClientCredentials {
			t.Errorf("bound %v: %s", want, a.Raw)
		}
		public := d.Demo().Post(t, "/introspect", url.Values{"token": {text}})
		if cnf, _ := public.Fields["cnf"].(map[string]any); (cnf["jkt"] == thumbprint) != want {
			t.Errorf("bound %v: %s", want, public.Raw)
		}
	}
}

func textOf(keys []any) string {
	var all strings.Builder
	for _, one := range keys {
		all.WriteString(one.(string) + "\n")
	}
	return all.String()
}

func TestAGrantShowsItsGrantType(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	operator := asked(t, root(d))
	user := d.SPA().Login(t, testkit.NewPerson(t)).Text("access_token")
	who := raw{method: "POST", path: "/tokens/introspect", token: operator, body: `{"token":"` + user + `"}`}.send(t, d)
	list := func() string {
		return raw{method: "GET", path: "/grants?user_id=" + who.Text("user_id"), token: operator}.send(t, d).Raw
	}
	if got := list(); !strings.Contains(got, `"grant_type":"authorization_code"`) {
		t.Error(got)
	}
	server.Do(t, "HSET", "auth:grant:"+who.Text("grant"), "gt", "urn:example:another")
	if got := list(); !strings.Contains(got, `"grant_type":"urn:example:another"`) {
		t.Error(got)
	}
}

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
