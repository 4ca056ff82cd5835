package adminapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A mistake in a request is refused, and the answer points to its place.
func TestStrictRequests(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	token := asked(t, root(d))
	const service = `"grant_types":["client_credentials"]`
	for _, c := range []struct {
		method, path, body, place string
	}{
		{"POST", "/clients", `{` + service + `,"scopes":"read"}`, "/scopes"},
		{"POST", "/clients", `{` + service + `,"scope":"read","scope":"write"}`, "/scope"},
		{"POST", "/clients", `{` + service + `,"scope":"read  write"}`, "/scope"},
		{"POST", "/clients", `{` + service + `,"scope":null}`, "/scope"},
		{"POST", "/clients", `{` + service + `,"disabled":"yes"}`, "/disabled"},
		{"POST", "/clients", `{"grant_types":["client_credentials","client_credentials"]}`, "/grant_types/1"},
		{"POST", "/clients", `{"grant_types":[]}`, "/grant_types"},
		{"POST", "/clients", `{"grant_types":"client_credentials"}`, "/grant_types"},
		{"POST", "/clients", `{` + service + `,"lifetimes":{"access_token":0}}`, "/lifetimes/access_token"},
		{"POST", "/clients", `{` + service + `,"lifetimes":{"access_token":1.5}}`, "/lifetimes/access_token"},
		{"POST", "/clients", `{` + service + `,"lifetimes":{"access":60}}`, "/lifetimes/access"},
		{"POST", "/clients", `{` + service + `,"lifetimes":{"refresh_token_idle":63072001}}`, "/lifetimes/refresh_token_idle"},
		{"POST", "/clients", `{` + service + `,"claims":{"a/b~c":1}}`, "/claims/a~1b~0c"},
		{"POST", "/clients", `{` + service + `,"client_id":"a b"}`, "/client_id"},
		{"POST", "/clients", `{` + service + `,"client_id":""}`, "/client_id"},
		{"POST", "/clients", `{` + service + `,"introspection":"some"}`, "/introspection"},
		{"POST", "/clients", `{"redirect_uris":[]}`, "/redirect_uris"},
		{"POST", "/clients", `{` + service + `} {}`, ""},
		{"POST", "/clients", `[]`, ""},
		{"POST", "/clients", `{"a":` + strings.Repeat("[", 5000), ""},
		{"POST", "/clients", "{\"client_name\":\"\xff\"}", ""},
		{"PATCH", "/clients/demo", `{}`, ""},
		{"PATCH", "/clients/demo", `null`, ""},
		{"PATCH", "/clients/demo", `{"client_id":"other"}`, "/client_id"},
		{"PATCH", "/users/" + unknown, `{"username":"other"}`, "/username"},
		{"PATCH", "/users/" + unknown, "\xff", ""},
		{"PATCH", "/clients/nobody", `{"scopes":"read"}`, "/scopes"},
		{"POST", "/sessions/end", `{}`, "/filter"},
		{"POST", "/sessions/end", `{"filter":{}}`, "/filter"},
		{"POST", "/sessions/end", `{"filter":{"started_before":"0001-01-01T00:00:00Z"}}`, "/filter/started_before"},
		{"POST", "/sessions/end", `{"filter":{"user_id":""}}`, "/filter/user_id"},
		{"POST", "/sessions/end", `{"filter":{"user":"x"}}`, "/filter/user"},
		{"POST", "/sessions/end", `{"filter":{"client_id":"demo"},"cursor":"AAAAAAAAAAAA"}`, "/cursor"},
		{"POST", "/sessions/end", `{"filter":{"client_id":"demo"},"limit":501}`, "/limit"},
		{"POST", "/tokens/introspect", `{}`, "/token"},
		{"POST", "/keys/rotate", `{"use":"sign","now":true}`, "/now"},
		{"GET", "/users?user=demo", "", "user"},
		{"GET", "/users?limit=0", "", "limit"},
		{"GET", "/users?limit=1&limit=2", "", "limit"},
		{"GET", "/users?username=", "", "username"},
		{"GET", "/users?cursor=x", "", "cursor"},
		{"GET", "/sessions?started_before=yesterday", "", "started_before"},
		{"GET", "/sessions?user_id=demo", "", "user_id"},
		{"GET", "/grants", "", "user_id"},
		{"GET", "/audit?order=up", "", "order"},
		{"GET", "/audit?event=x", "", "event"},
		{"GET", "/audit?event=code.replayd", "", "event"},
		{"GET", "/audit/verify?cursor=AAAAAAAAAAAA", "", "cursor"},
		{"GET", "/audit/verify?limit=1", "", "limit"},
		{"GET", "/clients/a%20b", "", "client_id"},
		{"GET", "/users/demo", "", "user_id"},
		{"DELETE", "/sessions/short", "", "sid"},
		{"DELETE", "/clients/demo?force=1", "", "force"},
		{"GET", "/clients?%zz", "", ""},
	} {
		a := raw{method: c.method, path: c.path, token: token, body: c.body}.send(t, d)
		refused(t, c.method+" "+c.path+" "+c.body, a, http.StatusBadRequest, "invalid-request", c.place)
	}
}

func TestRefusalsOfHTTP(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	token := asked(t, root(d))
	send := func(r raw) testkit.Answer {
		r.token = token
		return r.send(t, d)
	}
	large := send(raw{method: "POST", path: "/users", body: `{"username":"` + strings.Repeat("a", 70_000) + `"}`})
	refused(t, "a large body", large, http.StatusRequestEntityTooLarge, "too-large", "")
	plain := send(raw{method: "POST", path: "/users", body: `{}`, header: map[string]string{"Content-Type": "text/plain"}})
	refused(t, "plain text", plain, http.StatusUnsupportedMediaType, "unsupported-media-type", "")
	patch := send(raw{method: "PATCH", path: "/clients/demo", body: `{"scope":"read"}`, header: map[string]string{"Content-Type": "application/json"}})
	refused(t, "a patch that is none", patch, http.StatusUnsupportedMediaType, "unsupported-media-type", "")
	refused(t, "a path that is none", send(raw{method: "GET", path: "/nothing"}), http.StatusNotFound, "not-found", "")
	wrong := send(raw{method: "PUT", path: "/sessions/end"})
	refused(t, "a method that is none", wrong, http.StatusMethodNotAllowed, "method-not-allowed", "")
	if allow := wrong.Header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %s", allow)
	}
	refused(t, "a word in the place of an id", send(raw{method: "DELETE", path: "/sessions/end"}), http.StatusMethodNotAllowed, "method-not-allowed", "")
	refused(t, "no method of a client", send(raw{method: "POST", path: "/clients/demo"}), http.StatusMethodNotAllowed, "method-not-allowed", "")
	for _, tag := range []string{"3", `"x"`, `W/"3"`, `"1", "2"`} {
		a := send(raw{method: "DELETE", path: "/clients/demo", header: map[string]string{"If-Match": tag}})
		refused(t, "If-Match "+tag, a, http.StatusBadRequest, "invalid-request", "If-Match")
	}
	// A condition counts only where the request would succeed without it (RFC 9110 §13.2.1).
	merge := map[string]string{"If-Match": `"3"`, "Content-Type": "application/merge-patch+json"}
	for name, r := range map[string]raw{
		"a patch of a user":   {method: "PATCH", path: "/users/5f2c1d0e-8a4b-4a51-9f0e-6b1f8f0c2d11", body: `{"display_name":null}`, header: merge},
		"a patch of a client": {method: "PATCH", path: "/clients/nobody", body: `{"scope":"read"}`, header: merge},
		"an end of a user":    {method: "DELETE", path: "/users/5f2c1d0e-8a4b-4a51-9f0e-6b1f8f0c2d11", header: map[string]string{"If-Match": `"3"`}},
	} {
		refused(t, name+" that does not exist", send(r), http.StatusNotFound, "not-found", "")
	}
	made := raw{method: "PUT", path: "/clients/nobody", body: `{"grant_types":["client_credentials"],"scope":"read"}`, header: map[string]string{"If-Match": "*", "Content-Type": "application/json"}}
	refused(t, "a client that would be created", send(made), http.StatusPreconditionFailed, "precondition-failed", "")
	read := send(raw{method: "GET", path: "/clients/demo"})
	if read.Header.Get("ETag") != `"1"` || read.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", read.Header)
	}
	if head := send(raw{method: "HEAD", path: "/clients/demo"}); head.Status != http.StatusOK || head.Raw != "" {
		t.Errorf("HEAD: %d %q", head.Status, head.Raw)
	}
}

// Every change is in the audit log with the actor, the target, and the values before and after, and never with a
// secret.
func TestAuditOfOperators(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := clientOf(t, d, asked(t, root(d))), t.Context()
	made, err := c.CreateClient(ctx, service("audited"))
	ok(t, err)
	_, err = c.PatchClient(ctx, "audited", adminclient.Patch{"scope": "read", "disabled": true}, none)
	ok(t, err)
	user, err := c.CreateUser(ctx, adminwire.UserCreate{Username: "ann", Password: password})
	ok(t, err)
	ok(t, c.SetPassword(ctx, user.ID, adminwire.PasswordSet{Password: "another password"}))
	direct := d.App.Direct().Client()
	ok(t, direct.DeleteClient(ctx, "audited", none))
	var entries []adminwire.AuditEntry
	filter := adminwire.AuditFilter{Events: []string{"client.create", "client.change", "client.delete", "user.create", "user.set_password"}, OldestFirst: true}
	deadline := time.Now().Add(20 * time.Second)
	for len(entries) < 5 && time.Now().Before(deadline) { // the entries are written after the answer
		entries, err = adminclient.Collect(c.Audit(ctx, filter), 0)
		ok(t, err)
	}
	if len(entries) != 5 {
		t.Fatalf("%d entries: %+v", len(entries), entries)
	}
	change := entries[1]
	before, _ := change.Details["before"].(map[string]any)
	after, _ := change.Details["after"].(map[string]any)
	if change.Event != "client.change" || change.Actor != app.DemoAdmin || change.Details["target"] != "audited" || change.IP == "" {
		t.Errorf("a change: %+v", change)
	}
	if before["scope"] != "read write" || after["scope"] != "read" || before["disabled"] != false || after["disabled"] != true || after["client_name"] != nil {
		t.Errorf("what changed: %v -> %v", before, after)
	}
	if last := entries[4]; last.Event != "client.delete" || last.Actor != app.DirectOperator {
		t.Errorf("straight on Redis: %+v", last)
	}
	everything := raw{method: "GET", path: "/audit?limit=200", token: asked(t, root(d))}.send(t, d)
	for _, secret := range []string{made.Secret.Reveal(), password, "another password", "$argon2id$"} {
		if strings.Contains(everything.Raw, secret) || strings.Contains(d.Log.String(), secret) {
			t.Errorf("a secret was recorded: %s", secret)
		}
	}
	stats, err := c.Stats(ctx)
	ok(t, err)
	if stats.AuditEntries == nil || *stats.AuditEntries < 5 || stats.AuditDropped == nil || *stats.AuditDropped != 0 {
		t.Errorf("stats: %+v", stats)
	}
	page := raw{method: "GET", path: "/audit?limit=2", token: asked(t, root(d))}.send(t, d)
	second := raw{method: "GET", path: "/audit?limit=2&cursor=" + page.Text("next"), token: asked(t, root(d))}.send(t, d)
	if page.Text("next") == "" || second.Status != http.StatusOK || page.Raw == second.Raw {
		t.Errorf("pages: %s\n%s", page.Raw, second.Raw)
	}
}

// The whole log is verified in parts, and a fault in one part shows in the whole report.
func TestVerifyTheAuditLog(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	c, ctx, log := clientOf(t, d, asked(t, root(d))), t.Context(), d.App.Direct().Audit
	for range 5_200 {
		log.Emit(ctx, event.LoginSucceeded{User: unknown})
	}
	ok(t, log.Sync(ctx))
	told := 0
	report, err := c.VerifyAudit(ctx, func(entries, remaining int) {
		told++
		if left := told < 2; left != (remaining > 0) || entries < 5_000 {
			t.Errorf("stretch %d: %d entries, %d to go", told, entries, remaining)
		}
	})
	ok(t, err)
	if !report.Sound || len(report.Faults) != 0 || report.Entries < 5_200 || report.First != 1 || report.Last != uint64(report.Entries) || told != 2 {
		t.Errorf("after %d stretches: %+v", told, report)
	}
	if report.From.IsZero() || report.To.Before(report.From) {
		t.Errorf("from %v to %v", report.From, report.To)
	}
	admin := server.Admin(t)
	for _, number := range []int64{2_000, 5_000} { // inside of a stretch, and between two
		found := admin.XRangeN(ctx, "auth:audit", "-", "+", number).Val()
		admin.XDel(ctx, "auth:audit", found[number-1].ID)
	}
	report, err = c.VerifyAudit(ctx, nil)
	ok(t, err)
	if report.Sound || len(report.Faults) != 2 || report.Faults[0].What != "number 2000 before it is missing" || report.Faults[1].Sequence != 5002 {
		t.Errorf("two were removed: %+v", report.Faults)
	}
}

// The same verbs without a server, as the command line uses them directly on Redis.
func TestWithoutAServer(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	c, ctx := d.App.Direct().Client(), t.Context()
	made, err := c.CreateClient(ctx, service("straight"))
	ok(t, err)
	asked(t, testkit.Party{Base: d.Base, ID: "straight", Secret: made.Secret.Reveal()})
	_, err = c.CreateClient(ctx, service("straight"))
	is(t, "a taken id", err, "already-exists")
	if err == nil || err.Error() != "the client_id is taken" {
		t.Errorf("an error for people: %v", err)
	}
	all, err := adminclient.Collect(c.Clients(ctx), 0)
	ok(t, err)
	if len(all) != 5 {
		t.Errorf("%d clients", len(all))
	}
}

func TestAClientOfNothing(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:9090", "ftp://x", "http://", "http://x?y"} {
		if _, err := adminclient.New(adminclient.Options{Server: address}); err == nil {
			t.Errorf("%q is taken for a server", address)
		}
	}
	d := testkit.Start(t)
	public, err := adminclient.New(adminclient.Options{Server: d.Base})
	ok(t, err)
	if _, err := public.Stats(t.Context()); err == nil || !strings.Contains(err.Error(), "operators' listener") {
		t.Errorf("the public listener: %v", err)
	}
}

// A store that does not answer never leads to the answer "no" or "done".
func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) {
		c.Redis.DialTimeout, c.Redis.Timeout = 200*time.Millisecond, 200*time.Millisecond
	})
	token, local := asked(t, root(d)), d.App.Direct().Client()
	server.Pause()
	a := raw{method: "GET", path: "/clients", token: token}.send(t, d)
	refused(t, "letting in", a, http.StatusServiceUnavailable, "unavailable", "")
	if a.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	for what, err := range map[string]error{
		"reading": second(local.Client(t.Context(), "demo")), "creating": second(local.CreateClient(t.Context(), service("lost"))),
		"deleting": local.DeleteClient(t.Context(), "demo", none), "counting": second(local.Stats(t.Context())),
		"rotating": second(local.RotateKeys(t.Context(), "mac")), "a user": second(local.User(t.Context(), unknown)),
		"sessions": second(local.EndSessions(t.Context(), adminwire.SessionsEnd{Filter: adminwire.SessionFilter{Client: "demo"}})),
		"a grant":  local.RevokeGrant(t.Context(), "XV8WL5V2W08xr_HvKfQpirCPb4"), "a token": second(local.RevokeToken(t.Context(), secret.Text(token))),
		"verifying": second(local.VerifyAudit(t.Context(), nil)),
	} {
		is(t, what, err, "unavailable")
	}
	server.Resume()
}

func TestAClientsOwnLimit(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	token := asked(t, root(d))
	for value, want := range map[string]int{"300": 300, "-1": -1, "null": 0, "10000000": 10_000_000} {
		a := raw{method: http.MethodPatch, path: "/clients/demo", token: token, body: `{"requests_per_minute":` + value + `}`}.send(t, d)
		shown, _ := a.Fields["requests_per_minute"].(float64)
		if a.Status != http.StatusOK || int(shown) != want {
			t.Errorf("%s: %d %s", value, a.Status, a.Raw)
		}
		c, err := d.App.Direct().Registry.Client(t.Context(), "demo")
		if err != nil || c.RequestsPerMinute != want {
			t.Errorf("%s: stored as %d %v", value, c.RequestsPerMinute, err)
		}
	}
	for _, value := range []string{"-2", "10000001", "1.5", `"x"`} {
		a := raw{method: http.MethodPatch, path: "/clients/demo", token: token, body: `{"requests_per_minute":` + value + `}`}.send(t, d)
		if a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", value, a.Status, a.Raw)
		}
	}
}

func TestTooManyCallsOfOneOperator(t *testing.T) {
	t.Parallel()
	d := onRedis(t, func(c *config.Config) { c.Limits.Admin = "5/1h" })
	token := asked(t, root(d))
	statuses := map[int]int{}
	for range 12 {
		a := raw{method: http.MethodGet, path: "/clients", token: token}.send(t, d)
		statuses[a.Status]++
		if a.Status == http.StatusTooManyRequests && (a.Text("type") != "urn:oauth2d:problem:rate-limited" ||
			a.Header.Get("RateLimit-Policy") != `"admin";q=5;w=3600` || a.Header.Get("Retry-After") == "") {
			t.Errorf("%s %v", a.Raw, a.Header)
		}
	}
	if fmt.Sprint(statuses) != fmt.Sprint(map[int]int{200: 5, 429: 7}) {
		t.Errorf("%v", statuses)
	}
}
