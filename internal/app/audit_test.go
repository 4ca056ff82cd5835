package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// facts returns the events that a daemon wrote to stdout, once all of them are written.
func facts(t *testing.T, d *testkit.Daemon) []audit.Fact {
	t.Helper()
	var all []audit.Fact
	for line := range strings.Lines(d.Facts(t)) {
		var f audit.Fact
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.At.IsZero() || f.Writer == "" {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, f)
	}
	return all
}

func names(all []audit.Fact) []string {
	var names []string
	for _, f := range all {
		names = append(names, f.Event)
	}
	return names
}

// scraped returns the metrics of a daemon.
func scraped(t *testing.T, d *testkit.Daemon, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	return testkit.Do(t, request).Raw
}

// run goes through all flows, and records every secret that occurs.
type run struct {
	t       *testing.T
	d       *testkit.Daemon
	person  *testkit.Person
	secrets []string
}

func (r *run) keep(texts ...string) { r.secrets = append(r.secrets, texts...) }

// tokens records the tokens of an answer of the token endpoint, and returns the access and the refresh token.
func (r *run) tokens(answer testkit.Answer) (access, refresh string) {
	r.t.Helper()
	if answer.Status != http.StatusOK {
		r.t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	access, refresh = answer.Text("access_token"), answer.Text("refresh_token")
	r.keep(access)
	if refresh != "" {
		r.keep(refresh)
	}
	if id := answer.Text("id_token"); id != "" {
		r.keep(id)
	}
	return access, refresh
}

func (r *run) refused(answer testkit.Answer, code string) {
	r.t.Helper()
	if answer.Text("error") != code {
		r.t.Fatalf("want %s: %d %s", code, answer.Status, answer.Raw)
	}
}

// steps returns every flow with the events that it must emit: exactly these, in this order.
func (r *run) steps() []step {
	demo := r.d.Demo()
	r.keep(demo.Secret, testkit.Verifier, r.person.Password, "a-wrong-password", "a-wrong-secret")
	var code, access, refresh, spent string
	return []step{
		{"a wrong password", func() {
			wrong := testkit.NewPerson(r.t)
			wrong.Password = "a-wrong-password"
			wrong.Authorize(r.t, demo.AuthorizeURL(nil))
		}, "login.failed"},
		{"sign in and allow", func() {
			code = demo.Code(r.t, r.person, map[string]string{"scope": "openid read"})
			r.keep(code)
		}, "login.succeeded consent.given"},
		{"redeem", func() { access, refresh = r.tokens(demo.Redeem(r.t, code)) }, "token.issued"},
		{"refresh", func() {
			spent = refresh
			access, refresh = r.tokens(demo.Refresh(r.t, refresh))
		}, "token.issued"},
		{"introspect", func() { demo.Introspect(r.t, access) }, ""},
		{"revoke an access token", func() { demo.Revoke(r.t, access) }, "token.revoked"},
		{"use it again", func() { demo.Introspect(r.t, access) }, "revoked_token.used"},
		{"reuse a refresh token", func() {
			access, refresh = r.tokens(demo.Refresh(r.t, refresh))
			r.refused(demo.Refresh(r.t, spent), "invalid_grant")
		}, "token.issued refresh.reused token.denied"},
		{"use what hung on the grant", func() { demo.Introspect(r.t, access) }, "revoked_token.used"},
		{"again without asking", func() {
			code = demo.Code(r.t, r.person, map[string]string{"scope": "openid read"})
			r.keep(code)
			r.tokens(demo.Redeem(r.t, code))
		}, "token.issued"},
		{"replay the code", func() { r.refused(demo.Redeem(r.t, code), "invalid_grant") }, "code.replayed token.denied"},
		{"refuse", func() {
			page := r.person.Follow(r.t, demo.AuthorizeURL(map[string]string{"scope": "write", "prompt": "consent"}))
			r.person.Submit(r.t, page, map[string]string{"decision": "deny"})
		}, "consent.denied"},
		{"client credentials", func() {
			r.tokens(demo.Token(r.t, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}}))
		}, "token.issued"},
		{"a wrong secret", func() {
			demo.Secret = "a-wrong-secret"
			r.refused(demo.Token(r.t, url.Values{"grant_type": {"client_credentials"}}), "invalid_client")
		}, "client.auth_failed"},
		{"sign out", func() {
			r.cookies()
			page := r.person.Get(r.t, r.d.Base+"/logout")
			r.person.Submit(r.t, page, nil)
		}, "session.ended"},
		{"choose a password that has to be changed", func() {
			r.d.MustChange(r.t, r.person.Name)
			page := r.person.Follow(r.t, r.d.Base+"/login")
			page = r.person.Submit(r.t, page, map[string]string{"username": r.person.Name, "password": r.person.Password})
			r.person.Password = "a-password-of-their-own"
			r.keep(r.person.Password)
			r.person.Submit(r.t, page, map[string]string{"new_password": r.person.Password})
			r.cookies()
			r.person.Submit(r.t, r.person.Get(r.t, r.d.Base+"/logout"), nil)
		}, "user.change password.change_required password.changed login.succeeded session.ended"},
		{"disable the user", func() {
			r.person.Authorize(r.t, r.d.Demo().AuthorizeURL(map[string]string{"scope": "openid read"}))
			r.cookies()
			if err := r.d.App.Direct().DisableUser(r.t.Context(), "demo"); err != nil {
				r.t.Fatal(err)
			}
		}, "login.succeeded session.ended user.change"},
	}
}

type step struct {
	name  string
	do    func()
	facts string
}

// cookies records the values of the person's cookies.
func (r *run) cookies() {
	base, err := url.Parse(r.d.Base + "/login")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, cookie := range r.person.Client.Jar.Cookies(base) {
		r.keep(cookie.Value)
	}
}

func TestAllFlowsEmitExactlyTheirEvents(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) { c.Log.Level = "debug" })
	r := &run{t: t, d: d, person: testkit.NewPerson(t)}
	d.Get(t, "/.well-known/jwks.json") // makes the keys, which the start does not wait for
	told := names(facts(t, d))
	if slices.ContainsFunc(told, func(name string) bool { return name != "key.changed" }) || len(told) == 0 {
		t.Errorf("a new server emitted %v", told)
	}
	for _, s := range r.steps() {
		s.do()
		all := facts(t, d)[len(told):]
		if got := strings.Join(names(all), " "); got != s.facts {
			t.Errorf("%s: emitted %q, want %q", s.name, got, s.facts)
		}
		told = names(facts(t, d))
		for _, f := range all {
			if s.name != "disable the user" && f.Actor != "direct" && (f.IP == "" || f.RequestID == "") {
				t.Errorf("%s: %s has no origin: %+v", s.name, f.Event, f)
			}
		}
	}
	keptAsTold(t, d, told)
	withoutSecrets(t, d, server, r.secrets)

	admin := server.Admin(t)
	third := admin.XRangeN(t.Context(), "auth:audit", "-", "+", 3).Val()[2]
	if n := admin.XDel(t.Context(), "auth:audit", third.ID).Val(); n != 1 {
		t.Fatal("nothing was removed")
	}
	report, err := d.App.Direct().Audit.Verify(t.Context(), "")
	if err != nil || len(report.Faults) != 1 || report.Faults[0].What != "number 3 before it is missing" {
		t.Errorf("a removed entry: %+v, %v", report, err)
	}
}

// keptAsTold compares the log in Redis with the events on stdout.
func keptAsTold(t *testing.T, d *testkit.Daemon, told []string) {
	t.Helper()
	log := d.App.Direct().Audit
	page, err := log.Query(t.Context(), audit.Query{OldestFirst: true, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, e := range page.Items {
		kept = append(kept, e.Event)
	}
	if !slices.Equal(kept, told) {
		t.Errorf("in Redis %v\non stdout %v", kept, told)
	}
	if report, err := log.Verify(t.Context(), ""); err != nil || !report.Sound() || report.Entries != len(told) {
		t.Errorf("%+v, %v", report, err)
	}
}

// withoutSecrets searches all output of a server for secrets that were issued or typed.
func withoutSecrets(t *testing.T, d *testkit.Daemon, server *redistest.Server, secrets []string) {
	t.Helper()
	if len(secrets) < 20 {
		t.Fatalf("only %d secrets were met", len(secrets))
	}
	stream := ""
	for _, m := range server.Admin(t).XRange(t.Context(), "auth:audit", "-", "+").Val() {
		for name, value := range m.Values {
			stream += name + "=" + value.(string) + "\n"
		}
	}
	for where, text := range map[string]string{
		"log": d.Log.String(), "facts": d.Audit.String(), "stream": stream,
		"metrics": scraped(t, d, ""), "open metrics": scraped(t, d, "application/openmetrics-text"),
	} {
		if len(text) < 1000 {
			t.Errorf("the %s are only %d bytes", where, len(text))
		}
		for i, secret := range secrets {
			if len(secret) > 5 && strings.Contains(text, secret) {
				t.Errorf("secret %d (%.6s…) is in the %s", i, secret, where)
			}
		}
	}
}

// The counter of each anomaly rises when the anomaly is caused, and not before.
func TestSignsOfTrouble(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Audit.SharedTokenCallers = 3 })
	demo, person := d.Demo(), testkit.NewPerson(t)
	moves := func(what, series string, do func()) {
		t.Helper()
		before := scraped(t, d, "")
		if !strings.Contains(before, "\n"+series+" 0\n") {
			t.Errorf("%s: before it, %s is not 0", what, series)
		}
		do()
		if after := scraped(t, d, ""); !strings.Contains(after, "\n"+series+" 1\n") {
			t.Errorf("%s did not move %s to 1", what, series)
		}
	}
	moves("a replayed code", "oauth2d_code_replays_total", func() {
		code := demo.Code(t, person, nil)
		demo.Redeem(t, code)
		demo.Redeem(t, code)
	})
	moves("a reused refresh token", "oauth2d_refresh_reuses_total", func() {
		first := demo.Login(t, person).Text("refresh_token")
		second := demo.Refresh(t, first).Text("refresh_token")
		demo.Refresh(t, second)
		demo.Refresh(t, first)
	})
	moves("a token that many ask about", "oauth2d_tokens_shared_total", func() {
		token := demo.Login(t, person).Text("access_token")
		for range 4 {
			d.Register(t, oauth.Client{GrantTypes: []string{"client_credentials"}, Introspection: oauth.IntrospectAny}).Introspect(t, token)
		}
	})
	moves("a revoked token that is used", "oauth2d_revoked_token_uses_total", func() {
		token := demo.Login(t, person).Text("access_token")
		demo.Revoke(t, token)
		demo.Introspect(t, token)
	})
	for _, gauge := range []string{`oauth2d_key_age_seconds{algorithm="ES256",use="sign"}`, "oauth2d_audit_queue_length"} {
		if !strings.Contains(scraped(t, d, ""), "\n"+gauge+" ") {
			t.Errorf("%s is missing", gauge)
		}
	}
}

// The gauge of sessions is set when the server starts, and then at intervals.
func TestSessionsAreCounted(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	first := testkit.Start(t, testkit.Redis(server.Addr))
	first.Demo().Login(t, testkit.NewPerson(t))
	second := testkit.Start(t, testkit.Redis(server.Addr))
	redistest.Eventually(t, 30*time.Second, "the session is counted", func() bool {
		return strings.Contains(scraped(t, second, ""), "\noauth2d_sessions_active 1\n")
	})
}

// Changes made directly on Redis are recorded there as well.
func TestDirectIsRecorded(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c := config.Default(false)
	testkit.Redis(server.Addr)(&c)
	c.Tool = true
	direct, err := app.OpenDirect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	user, err := direct.Directory.Create(t.Context(), "ada", "a long enough password", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := direct.SetPassword(t.Context(), "ada", "another long password"); err != nil {
		t.Fatal(err)
	}
	direct.Close()
	if n := server.Admin(t).XLen(t.Context(), "auth:audit").Val(); n == 0 || user.ID == "" {
		t.Error("nothing was recorded")
	}
}
