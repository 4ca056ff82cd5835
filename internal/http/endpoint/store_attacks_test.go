package endpoint_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// pair is two replicas: one Redis, one issuer.
func pair(t *testing.T) (one, two *testkit.Daemon) {
	t.Helper()
	server := redistest.Start(t)
	replica := func() *testkit.Daemon {
		d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) { c.Issuer = "http://localhost" })
		d.Base = "http://" + d.App.Addr()
		return d
	}
	return replica(), replica()
}

// dump reads the whole keyspace of a database, without times to live, and without what is counted and
// recorded of callers.
func dump(t *testing.T, server *redistest.Server) map[string]string {
	t.Helper()
	all := map[string]string{}
	list, _ := server.Do(t, "keys", "*").([]any)
	for _, name := range list {
		key := fmt.Sprint(name)
		counted := func(prefix string) bool { return strings.HasPrefix(key, prefix) }
		if !slices.ContainsFunc([]string{"auth:rate_limit:", "auth:lease:", "auth:audit"}, counted) {
			all[key] = fmt.Sprint(server.Do(t, "dump", key))
		}
	}
	return all
}

// changed names the keys in which two dumps differ.
func changed(before, after map[string]string) []string {
	var names []string
	for name, value := range after {
		if before[name] != value {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			names = append(names, "gone: "+name)
		}
	}
	slices.Sort(names)
	return names
}

// Every refusal leaves Redis as it was (the convention of all rows). What a refusal is meant to
// change, a code burned or a family killed, is not in this table.
func TestARefusalLeavesRedisUnchanged_A01_A04_A17_A28_C06_T01_T07_T12_T13_T14_T16_T20_R10_V01_V04_V10_V15_W01_W08(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr), testkit.Resources("https://api.example/a"))
	party, person := d.Demo(), testkit.NewPerson(t)
	other := d.Register(t, full("other", oauth.FormatOpaque))
	login := party.Login(t, person)
	access, refresh := login.Text("access_token"), login.Text("refresh_token")
	authorize := func(with map[string]string) func() int {
		return func() int { return person.Get(t, party.AuthorizeURL(with)).Status }
	}
	post := func(path string, form url.Values) func() int {
		return func() int { return party.Post(t, path, form).Status }
	}
	before := dump(t, server)
	for name, row := range map[string]struct {
		do     func() int
		status int
	}{
		"A01 unknown client":    {authorize(map[string]string{"client_id": "nobody"}), 400},
		"A04 a query more":      {authorize(map[string]string{"redirect_uri": testkit.Callback + "?x=1"}), 400},
		"A17 implicit":          {authorize(map[string]string{"response_type": "token"}), 303},
		"A28 scope":             {authorize(map[string]string{"scope": "root"}), 303},
		"a pending request":     {func() int { return testkit.NewPerson(t).Get(t, party.AuthorizeURL(nil)).Status }, 303},
		"C06 garbage":           {func() int { return party.Redeem(t, "garbage").Status }, 400},
		"T01 two methods":       {post("/token", url.Values{"client_secret": {"demo-secret"}}), 400},
		"T07 wrong secret":      {func() int { return raw(t, d.Base+"/token", "demo", "x", credentialsForm()).Status }, 401},
		"T07 unknown client":    {func() int { return raw(t, d.Base+"/token", "nobody", "x", credentialsForm()).Status }, 401},
		"T12 password":          {post("/token", url.Values{"grant_type": {"password"}}), 400},
		"T13 nothing":           {post("/token", url.Values{}), 400},
		"T14 not its grant":     {func() int { return d.SPA().Token(t, credentialsForm()).Status }, 400},
		"T16 openid":            {post("/token", credentialsForm("scope", "openid")), 400},
		"T20 resource":          {post("/token", credentialsForm("resource", "https://unknown.example")), 400},
		"R10 resource":          {post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "resource": {"https://api.example/a"}}), 400},
		"a refresh that widens": {post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "scope": {"email"}}), 400},
		"V01 nobody":            {func() int { return raw(t, d.Base+"/introspect", "", "", url.Values{"token": {access}}).Status }, 401},
		"V04 not a token":       {post("/introspect", url.Values{"token": {strings.Repeat("A", 64)}}), 200},
		"V10 another's":         {func() int { return other.Revoke(t, access).Status }, 400},
		"V10 another's refresh": {func() int { return other.Revoke(t, refresh).Status }, 400},
		"V11 unknown":           {post("/revoke", url.Values{"token": {strings.Repeat("A", 64)}}), 200},
		"V15 no openid":         {func() int { return sendForm(t, d.Base+"/userinfo", "", bearer(access)).Status }, 403},
		"W01 no csrf token":     {func() int { return person.PostForm(t, d.Base+"/logout", url.Values{}).Status }, 403},
		"W06 wrong password": {func() int {
			stranger := testkit.NewPerson(t)
			return stranger.Post(t, stranger.Get(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "wrong"}).Status
		}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			if status := row.do(); status != row.status {
				t.Errorf("%s: %d, want %d", name, status, row.status)
			}
			after := dump(t, server)
			if differ := changed(before, after); len(differ) > 0 {
				t.Errorf("%s changed %q", name, differ)
			}
			before = after
		})
	}
	if a := party.Refresh(t, refresh); a.Status != http.StatusOK {
		t.Errorf("the grant did not survive the refusals: %d %s", a.Status, a.Raw)
	}
}

// A token that is not known is never written down, whatever it holds: its name in Redis is a digest.
func TestS02_S03_NothingThatACallerSendsBecomesAKey(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	for _, name := range []string{"*", "a:b", "user?[x]", "{slot}", "auth:user:1"} {
		t.Run(name, func(t *testing.T) {
			if _, err := d.App.Direct().Directory.Create(t.Context(), name, "a good password", "", ""); err != nil {
				t.Fatal(err)
			}
			person := testkit.NewPerson(t)
			person.Name, person.Password = name, "a good password"
			d.Demo().Login(t, person)
		})
	}
	for _, odd := range []string{"\x00\n*", "a\r\nFLUSHALL\r\n", strings.Repeat("A", 64), strings.Repeat("*", 4000)} {
		t.Run(fmt.Sprintf("%.20q of %d", odd, len(odd)), func(t *testing.T) {
			d.Demo().Introspect(t, odd)
			d.Demo().Revoke(t, odd)
			d.Demo().Refresh(t, odd)
			person := testkit.NewPerson(t)
			person.Post(t, person.Get(t, d.Base+"/login"), map[string]string{"username": odd, "password": odd})
		})
	}
	for name := range dump(t, server) {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-") != "" || len(name) > 80 {
			t.Errorf("the key %q", name)
		}
	}
	if !d.Demo().Active(t, service(t, d.Demo())) {
		t.Error("the server lost its state")
	}
}

// A store that does not answer is never a "no" and never a "done".
func TestAStoreThatIsAwayIs503(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) {
		c.Redis.DialTimeout, c.Redis.Timeout = 200*time.Millisecond, 200*time.Millisecond
	})
	party, person := d.Demo(), testkit.NewPerson(t)
	login, code := party.Login(t, person), party.Code(t, person, nil)
	access, refresh := login.Text("access_token"), login.Text("refresh_token")
	machine := service(t, party)
	server.Pause() // its memory lives on, and it says nothing
	for name, do := range map[string]func() testkit.Answer{
		"R11 revoking an access token":  func() testkit.Answer { return party.Revoke(t, access) },
		"R11 revoking a refresh token":  func() testkit.Answer { return party.Revoke(t, refresh) },
		"R11 revoking a client's token": func() testkit.Answer { return party.Revoke(t, machine) },
		"S08 introspecting":             func() testkit.Answer { return party.Introspect(t, access) },
		"S08 redeeming a code":          func() testkit.Answer { return party.Redeem(t, code) },
		"S08 a token of a client":       func() testkit.Answer { return party.Token(t, credentialsForm()) },
		"S08 refreshing":                func() testkit.Answer { return party.Refresh(t, refresh) },
		"S08 userinfo":                  func() testkit.Answer { return sendForm(t, d.Base+"/userinfo", "", bearer(access)) },
	} {
		t.Run(name, func(t *testing.T) {
			a := do()
			if a.Status != http.StatusServiceUnavailable || a.Text("error") != string(oauth.TemporarilyUnavailable) || a.Header.Get("Retry-After") == "" {
				t.Errorf("%d %s %v", a.Status, a.Raw, a.Header)
			}
		})
	}
	if page := person.Get(t, party.AuthorizeURL(nil)); page.Status != http.StatusServiceUnavailable && page.Query(t).Get("error") != "temporarily_unavailable" {
		t.Errorf("authorizing: %d %s", page.Status, page.Location)
	}
	if page := person.Get(t, d.Base+"/account"); page.Status != http.StatusServiceUnavailable {
		t.Errorf("the account page: %d", page.Status)
	}
	server.Resume()
	redistest.Eventually(t, 20*time.Second, "the server answers again", func() bool {
		return party.Token(t, credentialsForm()).Status == http.StatusOK
	})
}

// A positive answer is never older than a revocation: not on the replica that revoked, nor on any
// other, and no caller reads what was answered to another.
func TestV07_NoAnswerOutlivesARevocation(t *testing.T) {
	t.Parallel()
	one, two := pair(t)
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			party := one.Register(t, full(oauth.ClientID("holder-"+format), format))
			stranger := one.Register(t, full(oauth.ClientID("stranger-"+format), format))
			login := party.Login(t, testkit.NewPerson(t))
			for whose, token := range map[string]string{"the client": service(t, party), "a user": login.Text("access_token")} {
				t.Run("of "+whose, func(t *testing.T) {
					for range 3 { // as often as any memory needs to take it in
						for _, d := range []*testkit.Daemon{one, two} {
							if !d.Demo().Active(t, token) {
								t.Fatalf("%s: not active", format)
							}
						}
						if stranger.Active(t, token) {
							t.Fatalf("%s: a caller read another's answer", format)
						}
					}
					party.Revoke(t, token)
					for _, d := range []*testkit.Daemon{two, one} {
						if d.Demo().Active(t, token) {
							t.Errorf("%s: alive after its revocation", format)
						}
					}
				})
			}
			next := party.Refresh(t, login.Text("refresh_token")).Text("access_token")
			if !two.Demo().Active(t, next) {
				t.Fatalf("%s: not active", format)
			}
			party.Revoke(t, login.Text("refresh_token"))
			if two.Demo().Active(t, next) {
				t.Errorf("%s: alive after its grant was revoked", format)
			}
		})
	}
}

// What other services keep in database 1 decides nothing, and is not even looked at.
func TestV09_TheSharedCacheDecidesNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	party := d.Demo()
	token := service(t, party)
	party.Revoke(t, token)
	record := `{"active":true,"client_id":"demo","scope":"read write","sub":"demo","exp":9999999999}`
	var forged []any
	for _, name := range []string{token, oauth.Token(token).Digest().Key()} {
		for _, prefix := range []string{"cache:introspection:", "cache:token:", "introspection:"} {
			forged = append(forged, prefix+name, record)
		}
	}
	const forge = `redis.call('SELECT', 1) redis.call('MSET', unpack(ARGV))
		redis.call('HSET', KEYS[1], 'client', 'demo', 'scope', 'read', 'iat', '1', 'exp', '9999999999999') return 1`
	server.Do(t, append([]any{"eval", forge, 1, "auth:access_token:" + oauth.Token(token).Digest().Key()}, forged...)...)
	if party.Active(t, token) {
		t.Error("a forged entry was believed")
	}
	list := strings.Split(strings.TrimSpace(server.Do(t, "client", "list").(string)), "\n")
	for _, connection := range list {
		if !strings.Contains(connection, " db=0 ") {
			t.Errorf("a connection to another database: %s", connection)
		}
	}
}

// What was acknowledged before the master died is still so after a replica took over: a spent code
// stays spent, a spent refresh token does not make a second family, a revoked token stays dead.
func TestC03_R03_V13_S08_AFailoverUndoesNothing(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, "appendonly yes")
	d := testkit.Start(t, func(c *config.Config) {
		testkit.Redis("")(c)
		c.Redis.Mode, c.Redis.Addrs, c.Redis.MasterName = "sentinel", group.Addrs, redistest.MasterName
		c.Redis.DialTimeout, c.Redis.Timeout = 500*time.Millisecond, time.Second
	})
	party, person := d.Demo(), testkit.NewPerson(t)
	answered := func(do func() testkit.Answer) testkit.Answer { // not 503, which is always allowed
		t.Helper()
		var a testkit.Answer
		redistest.Eventually(t, time.Minute, "an answer", func() bool {
			a = do()
			return a.Status != http.StatusServiceUnavailable
		})
		return a
	}
	code := party.Code(t, person, nil)
	redeemed := answered(func() testkit.Answer { return party.Redeem(t, code) })
	family := answered(func() testkit.Answer { return party.Redeem(t, party.Code(t, person, nil)) })
	next := answered(func() testkit.Answer { return party.Refresh(t, family.Text("refresh_token")) })
	revoked := answered(func() testkit.Answer { return party.Token(t, credentialsForm()) })
	gone := answered(func() testkit.Answer { return party.Revoke(t, revoked.Text("access_token")) })
	for what, a := range map[string]testkit.Answer{"redeem": redeemed, "family": family, "refresh": next, "issue": revoked, "revoke": gone} {
		t.Run(what, func(t *testing.T) {
			if a.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", what, a.Status, a.Raw)
			}
		})
	}
	master := group.Master(t)
	if master == nil {
		t.Fatal("there is no master")
	}
	master.Kill()
	if a := answered(func() testkit.Answer { return party.Token(t, credentialsForm()) }); a.Status != http.StatusOK {
		t.Fatalf("after the failover: %d %s", a.Status, a.Raw)
	}
	if a := answered(func() testkit.Answer { return party.Introspect(t, revoked.Text("access_token")) }); a.Fields["active"] != false {
		t.Errorf("V13: %s", a.Raw)
	}
	if a := answered(func() testkit.Answer { return party.Introspect(t, next.Text("access_token")) }); a.Fields["active"] != true {
		t.Errorf("a live token was lost: %s", a.Raw)
	}
	refused(t, answered(func() testkit.Answer { return party.Redeem(t, code) }), 400, oauth.InvalidGrant) // C03
	d.Clock.Advance(time.Minute)                                                                          // past every grace
	refused(t, answered(func() testkit.Answer { return party.Refresh(t, family.Text("refresh_token")) }), 400, oauth.InvalidGrant)
	refused(t, answered(func() testkit.Answer { return party.Refresh(t, next.Text("refresh_token")) }), 400, oauth.InvalidGrant) // R03
}
