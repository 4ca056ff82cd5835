package endpoint_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// shippedRights are the ACL users that the repository ships, each with its name as password.
func shippedRights(t *testing.T) []string {
	t.Helper()
	return redistest.Users(t, "../../../deploy/redis/users.acl")
}

// The daemon never tries what its user may not do: the ACL log would record a refusal.
func TestS07_TheDaemonNeedsNoMoreThanItsRights(t *testing.T) {
	t.Parallel()
	contract := "user contract on >contract resetkeys ~auth:* resetchannels +@all -@dangerous +info" // the most that operators give
	server := redistest.Start(t, append(shippedRights(t), contract)...)
	for _, user := range []string{"app", "contract"} {
		t.Run(user, func(t *testing.T) {
			server.Do(t, "flushall")
			d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) {
				c.Redis.Username, c.Redis.Password = user, config.Secret(user)
			})
			server.Do(t, "acl", "log", "reset") // the start-up check may try commands, to report missing permissions
			party := d.Register(t, full("holder", oauth.FormatOpaque))
			login := party.Login(t, testkit.NewPerson(t))
			next := party.Refresh(t, login.Text("refresh_token"))
			d.Demo().Active(t, next.Text("access_token"))
			party.Revoke(t, next.Text("refresh_token"))
			if err := d.App.Direct().SetPassword(t.Context(), "demo", "another password"); err != nil {
				t.Fatal(err)
			}
			if err := d.App.Direct().DeleteClient(t.Context(), "holder"); err != nil {
				t.Fatal(err)
			}
			if log, _ := server.Do(t, "acl", "log").([]any); len(log) != 0 {
				t.Errorf("%s: refused by Redis: %v", user, log)
			}
			_ = d.App.Stop(t.Context())
		})
	}
}

// Nobody else who has an account on the same Redis reads the authorization state or runs anything.
func TestS07_OtherRolesAreKeptOut(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, shippedRights(t)...)
	server.Do(t, "hset", "auth:keys", "k", "sealed")
	server.Do(t, "set", "auth:client:demo", "x")
	server.Do(t, "set", "cache:x", "x")
	everybody := [][]any{
		{"config", "get", "*"}, {"keys", "*"}, {"flushdb"}, {"flushall"}, {"acl", "list"}, {"acl", "setuser", "x"}, {"debug", "jmap"},
		{"module", "list"}, {"shutdown", "nosave"}, {"replicaof", "no", "one"}, {"monitor"}, {"migrate", "127.0.0.1", "1", "cache:x", "1", "1"},
	}
	reading := [][]any{{"get", "auth:client:demo"}, {"hgetall", "auth:keys"}, {"dump", "auth:keys"}, {"set", "auth:client:demo", "y"}, {"del", "auth:keys"}}
	scripts := [][]any{{"eval", "return 1", 0}, {"eval", "return redis.call('GET', 'auth:client:demo')", 0}, {"eval", "return redis.call('HGETALL', KEYS[1])", 1, "auth:keys"}}
	for user, refused := range map[string][][]any{
		"app":     {{"get", "cache:x"}, {"set", "cache:x", "y"}, {"eval", "return redis.call('GET', 'cache:x')", 0}},
		"cache":   append(reading, scripts[1:]...),
		"monitor": append(append([][]any{{"get", "cache:x"}}, reading...), scripts...),
		"cleanup": append([][]any{{"set", "auth:client:demo", "y"}, {"del", "auth:keys"}, {"del", "auth:client:demo"}, {"dump", "auth:keys"}}, scripts...),
	} {
		t.Run(user, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: server.Addr, Username: user, Password: user, DisableIdentity: true, Protocol: 2})
			t.Cleanup(func() { _ = client.Close() })
			if err := client.Ping(t.Context()).Err(); err != nil {
				t.Fatalf("%s: %v", user, err)
			}
			for _, words := range append(refused, everybody...) {
				if err := client.Do(t.Context(), words...).Err(); !forbidden(err) {
					t.Errorf("%s may %v: %v", user, words, err)
				}
			}
		})
	}
}

// forbidden reports whether Redis refused for lack of rights; Redis reports the attempt of a script in other words.
func forbidden(err error) bool {
	said := func(words string) bool { return err != nil && strings.Contains(err.Error(), words) }
	return said("NOPERM") || said("can't access at least one of the keys") || said("command not allowed")
}

// yesterday holds the tokens that were alive when the backup was made.
type yesterday struct {
	person, thief         *testkit.Person // one signed in, and one who has a copy of the cookies
	spent, unspent        string          // codes; the first is redeemed after the backup
	refresh, other        string          // of an opaque and of a JWT client
	opaque, jwt, machine  string          // access tokens: of a user, of a user, of a client
	machineJWT, operators string
}

// rememberedParties are the clients of both halves; their secrets are known only where they are made.
type rememberedParties struct{ opaque, jwt testkit.Party }

func operatorParty(d *testkit.Daemon) testkit.Party {
	return testkit.Party{Base: d.Base, ID: app.DemoAdmin, Secret: app.DemoAdminSecret}
}

func (p rememberedParties) at(d *testkit.Daemon) rememberedParties {
	p.opaque.Base, p.jwt.Base = d.Base, d.Base
	return p
}

// live makes everything there is.
func live(t *testing.T, d *testkit.Daemon, p rememberedParties) yesterday {
	t.Helper()
	y := yesterday{person: testkit.NewPerson(t)}
	openid := map[string]string{"scope": "openid read"}
	mine, theirs := p.opaque.Redeem(t, p.opaque.Code(t, y.person, openid)), p.jwt.Redeem(t, p.jwt.Code(t, y.person, openid))
	y.opaque, y.refresh = mine.Text("access_token"), mine.Text("refresh_token")
	y.jwt, y.other = theirs.Text("access_token"), theirs.Text("refresh_token")
	y.spent, y.unspent = p.opaque.Code(t, y.person, nil), p.jwt.Code(t, y.person, nil)
	base, err := url.Parse(d.Base)
	if err != nil {
		t.Fatal(err)
	}
	y.thief = testkit.NewPerson(t)
	y.thief.Client.Jar.SetCookies(base, y.person.Client.Jar.Cookies(base))
	y.machine, y.machineJWT, y.operators = service(t, p.opaque), service(t, p.jwt), service(t, operatorParty(d))
	return y
}

// end ends all of it.
func (y yesterday) end(t *testing.T, d *testkit.Daemon, p rememberedParties) {
	t.Helper()
	for _, token := range []string{y.refresh, y.machine} {
		p.opaque.Revoke(t, token)
	}
	for _, token := range []string{y.other, y.machineJWT, y.unspent} {
		p.jwt.Revoke(t, token)
	}
	operatorParty(d).Revoke(t, y.operators)
	if a := p.opaque.Redeem(t, y.spent); a.Status != http.StatusOK {
		t.Fatalf("redeeming: %d %s", a.Status, a.Raw)
	}
	y.person.Submit(t, y.person.Get(t, d.Base+"/logout"), nil)
}

// mustBe holds everything that can be shown without being spent to be alive, or dead.
func (y yesterday) mustBe(t *testing.T, d *testkit.Daemon, alive bool) {
	t.Helper()
	for name, token := range map[string]string{
		"a user's opaque token": y.opaque, "a user's JWT": y.jwt, "a client's opaque token": y.machine, "a client's JWT": y.machineJWT,
	} {
		if d.Demo().Active(t, token) != alive {
			t.Errorf("%s, %s: alive is not %v", t.Name(), name, alive)
		}
	}
	for name, got := range map[string]bool{
		"userinfo, opaque": sendForm(t, d.Base+"/userinfo", "", bearer(y.opaque)).Status == http.StatusOK,
		"userinfo, JWT":    sendForm(t, d.Base+"/userinfo", "", bearer(y.jwt)).Status == http.StatusOK,
		"the admin API":    adminStats(t, d, y.operators) == http.StatusOK,
		"the session":      y.thief.Get(t, d.Base+"/account").Status == http.StatusOK,
		"single sign-on":   !strings.Contains(y.thief.Get(t, d.Demo().AuthorizeURL(nil)).Location, "/login"),
	} {
		if got != alive {
			t.Errorf("%s, %s: let in is %v, want %v", t.Name(), name, got, alive)
		}
	}
}

func adminStats(t *testing.T, d *testkit.Daemon, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/admin/v1/stats", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return testkit.Do(t, r).Status
}

// A backup that is restored brings back what was revoked, used and ended since it was made. An operator
// then ends everything older, and only what is made afterwards lives.
func TestS13_WhatABackupBringsBackIsEndedByTheEpoch(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	start := func(t *testing.T) *testkit.Daemon {
		t.Helper()
		d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) { c.Issuer = "http://localhost" })
		d.Base = "http://" + d.App.Addr()
		return d
	}
	var y yesterday
	var p rememberedParties
	var backup []byte
	file := filepath.Join(server.Dir, "dump.rdb")
	t.Run("yesterday", func(t *testing.T) { //nolint:paralleltest // its end stops the daemon
		d := start(t)
		p.opaque = d.Register(t, full("keeps-opaque", oauth.FormatOpaque))
		p.jwt = d.Register(t, full("keeps-jwt", oauth.FormatJWT))
		y = live(t, d, p)
		server.Do(t, "save")
		var err error
		if backup, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
		y.mustBe(t, d, true)
		y.end(t, d, p)
		y.mustBe(t, d, false)
	})
	server.Kill()
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	server.Restart(t)
	d, operators := start(t), start(t)
	p = p.at(d)
	y.mustBe(t, d, true) // so the rest proves something
	if a := p.opaque.Redeem(t, y.spent); a.Status != http.StatusOK {
		t.Errorf("the backup does not bring a used code back: %d %s", a.Status, a.Raw)
	}

	if err := operators.App.Direct().Operator().RevokeAll(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(time.Second) // the lease of the other replica is over
	y.mustBe(t, d, false)
	refused(t, p.jwt.Redeem(t, y.unspent), 400, oauth.InvalidGrant)
	refused(t, p.opaque.Refresh(t, y.refresh), 400, oauth.InvalidGrant)
	refused(t, p.jwt.Refresh(t, y.other), 400, oauth.InvalidGrant)
	if a := p.opaque.Introspect(t, y.refresh); a.Fields["active"] != false {
		t.Errorf("an old refresh token: %s", a.Raw)
	}
	today := live(t, d, p)
	today.mustBe(t, d, true)
	for party, token := range map[testkit.Party]string{p.opaque: today.refresh, p.jwt: today.other} {
		t.Run(party.ID, func(t *testing.T) {
			if a := party.Token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}); a.Status != http.StatusOK {
				t.Errorf("refreshing today's: %d %s", a.Status, a.Raw)
			}
		})
	}
}
