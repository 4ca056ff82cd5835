package endpoint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// What the hot paths may ask of Redis: one question at most, which is one round trip.
func TestHotPathsTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	for format, most := range map[oauth.TokenFormat]int{oauth.FormatOpaque: 1, oauth.FormatJWT: 0} {
		d := testkit.Start(t)
		party, asker := d.Register(t, full("holder", format)), d.Demo()
		code := party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid read"})
		var machine, login, next testkit.Answer
		at := func(what string, most int, do func() testkit.Answer) testkit.Answer {
			t.Helper()
			var a testkit.Answer
			asked := d.Asked(t, func() { a = do() })
			total := 0
			for _, n := range asked {
				total += n
			}
			if a.Status != http.StatusOK || total > most {
				t.Errorf("%s, %s: %d, %v, want %d at most", format, what, a.Status, asked, most)
			}
			return a
		}
		party.Token(t, credentialsForm()) // both clients are in memory from here on
		asker.Introspect(t, "x")
		machine = at("client_credentials", most, func() testkit.Answer { return party.Token(t, credentialsForm()) })
		login = at("authorization_code", 1, func() testkit.Answer { return party.Redeem(t, code) })
		next = at("refresh_token", 1, func() testkit.Answer { return party.Refresh(t, login.Text("refresh_token")) })
		at("a retry", 2, func() testkit.Answer { return party.Refresh(t, login.Text("refresh_token")) })
		for what, token := range map[string]string{
			"a client's token": machine.Text("access_token"), "a user's token": next.Text("access_token"), "a refresh token": next.Text("refresh_token"),
		} {
			at("introspecting "+what, 1, func() testkit.Answer { return asker.Introspect(t, token) })
		}
		at("introspecting what is no token", 0, func() testkit.Answer { return asker.Introspect(t, "no token") })
		at("revoking a grant", 2, func() testkit.Answer { return party.Revoke(t, next.Text("refresh_token")) })
	}
}

// A secret that we made carries 256 bits and is checked by a digest. Were it hashed slowly, the one
// place in the queue for slow hashes would not do for forty clients at a time.
func TestGeneratedSecretsCostNoSlowHash(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Password.Parallel, c.Password.Queue = 1, 1 })
	parties := make(chan testkit.Party, 40)
	for i := range cap(parties) {
		party := d.Register(t, full(oauth.ClientID(fmt.Sprint("holder-", i)), oauth.FormatJWT))
		if len(party.Secret) < 43 {
			t.Fatalf("a generated secret of %d characters", len(party.Secret))
		}
		parties <- party
	}
	for _, a := range parallel(cap(parties), func() testkit.Answer { return (<-parties).Token(t, credentialsForm()) }) {
		if a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
	}
}

// inProcess asks an endpoint without a network.
func inProcess(d *testkit.Daemon, path string, party testkit.Party, form url.Values) func(testing.TB) *httptest.ResponseRecorder {
	body := form.Encode()
	return sent(d, func() *http.Request {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(party.ID, party.Secret)
		return r
	})
}

// sent sends requests to a daemon without a network.
func sent(d *testkit.Daemon, request func() *http.Request) func(testing.TB) *httptest.ResponseRecorder {
	handler := d.App.Server().Handler()
	return func(t testing.TB) *httptest.ResponseRecorder {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request())
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w
	}
}

// hotPaths are the requests that a benchmark repeats.
func hotPaths(t testing.TB, d *testkit.Daemon) map[string]func(testing.TB) *httptest.ResponseRecorder {
	t.Helper()
	all := map[string]func(testing.TB) *httptest.ResponseRecorder{}
	for name, path := range map[string]string{"metadata": "/.well-known/openid-configuration", "keys": "/.well-known/jwks.json"} {
		all[name] = sent(d, func() *http.Request { return httptest.NewRequest(http.MethodGet, path, http.NoBody) })
	}
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		party := d.Register(t, full(oauth.ClientID("holder-"+format), format))
		token := party.Token(t, credentialsForm()).Text("access_token")
		all["token "+string(format)] = inProcess(d, "/token", party, credentialsForm())
		all["introspect "+string(format)] = inProcess(d, "/introspect", party, url.Values{"token": {token}})
		all["revoke "+string(format)] = inProcess(d, "/revoke", party, url.Values{"token": {token}})
	}
	party := d.Register(t, full("holder", oauth.FormatOpaque))
	for name, scope := range map[string]string{"refresh": "read", "refresh with ID token": "openid read"} {
		all[name] = refreshing(t, d, party, scope)
	}
	bearer := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid"})).Text("access_token")
	all["userinfo"] = sent(d, func() *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/userinfo", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+bearer)
		return r
	})
	return all
}

// refreshing returns a request that always presents the newest refresh token of its own grant.
func refreshing(t testing.TB, d *testkit.Daemon, party testkit.Party, scope string) func(testing.TB) *httptest.ResponseRecorder {
	t.Helper()
	token := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": scope})).Text("refresh_token")
	return func(t testing.TB) *httptest.ResponseRecorder {
		t.Helper()
		w := inProcess(d, "/token", party, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})(t)
		_, rest, _ := strings.Cut(w.Body.String(), `"refresh_token":"`)
		token, _, _ = strings.Cut(rest, `"`)
		return w
	}
}

// Allocations through every middleware, a question to a real Redis included. The bounds leave a fifth over the figures
// of a build with the race detector, which allocates more.
func TestHotPathsAllocateLittle(t *testing.T) { // not parallel: everybody's allocations count
	d := testkit.Start(t, testkit.Redis(redistest.Start(t).Addr))
	bounds := map[string]float64{
		"token opaque": 140, "token jwt": 205, "introspect opaque": 138, "introspect jwt": 155, "metadata": 42, "keys": 42,
		"refresh": 230, "refresh with ID token": 340, "revoke opaque": 175, "revoke jwt": 145, "userinfo": 235,
	}
	for name, do := range hotPaths(t, d) {
		do(t)
		got := testing.AllocsPerRun(300, func() { do(t) })
		t.Logf("%s: %.0f allocations", name, got)
		if got > bounds[name] {
			t.Errorf("%s: %.0f allocations, more than %.0f", name, got, bounds[name])
		}
	}
}

func BenchmarkHotPaths(b *testing.B) {
	d := testkit.Start(b, testkit.Redis(redistest.Start(b).Addr))
	for name, do := range hotPaths(b, d) {
		b.Run(strings.ReplaceAll(name, " ", "/"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do(b)
			}
		})
	}
}
