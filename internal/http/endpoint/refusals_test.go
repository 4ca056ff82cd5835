package endpoint_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// refusal is the entry of the audit log for a refused request.
type refusal struct {
	Event   string `json:"event"`
	Client  string `json:"client_id"`
	Subject string `json:"subject"`
	Details struct {
		Route, Code, Reason string
		SentClient          string `json:"sent_client"`
		SentRedirectURI     string `json:"sent_redirect_uri"`
	} `json:"details"`
}

// refusals reads the refusals out of the lines of the audit log.
func refusals(t *testing.T, facts string) []refusal {
	t.Helper()
	var all []refusal
	for line := range strings.Lines(facts) {
		var one refusal
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		switch one.Event {
		case "request.refused", "client.auth_failed", "token.denied":
			all = append(all, one)
		}
	}
	return all
}

// Every refusal of an endpoint is exactly one entry of the audit log, and no two have one reason, also
// where the caller reads the same words.
func TestF_N01_EveryRefusalHasItsReasonInTheAuditLog(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, allowSelf)
	demo, spa := d.Demo(), d.SPA()
	person := testkit.NewPerson(t)
	login := spa.Login(t, person)
	own := login.Text("access_token")
	machine := service(t, demo)
	off := d.Register(t, oauth.Client{ID: "off", GrantTypes: []string{oauth.GrantClientCredentials}})
	disable(t, d, "off")
	old := d.Register(t, oauth.Client{ID: "old", GrantTypes: []string{oauth.GrantClientCredentials}})
	if _, _, err := d.App.Direct().Registry.AddSecret(t.Context(), "old", time.Time{}, time.Second); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(2 * time.Second)
	post := func(path, body string, header map[string]string) func() testkit.Answer {
		return func() testkit.Answer { return sendForm(t, d.Base+path, body, header) }
	}
	get := func(path string) func() testkit.Answer { return func() testkit.Answer { return d.Get(t, path) } }
	as := func(id, secret string) map[string]string {
		r, _ := http.NewRequest(http.MethodGet, d.Base, http.NoBody)
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		return map[string]string{"Authorization": r.Header.Get("Authorization")}
	}
	authorize := "/authorize?response_type=code&client_id=demo&code_challenge_method=S256&code_challenge=" + strings.Repeat("A", 43)
	for _, c := range []struct {
		name   string
		do     func() testkit.Answer
		event  string
		client string
		reason string
	}{
		{"unknown client", post("/introspect", "token=x", as("nobody", "x")), "client.auth_failed", "", "unknown client"},
		{"wrong secret", post("/introspect", "token=x", as("demo", "wrong")), "client.auth_failed", "demo", "wrong secret"},
		{"disabled client", post("/introspect", "token=x", as("off", off.Secret)), "client.auth_failed", "off", "disabled"},
		{"expired secret", post("/introspect", "token=x", as("old", old.Secret)), "client.auth_failed", "old", "expired secret"},
		{"no client", post("/introspect", "token=x", nil), "client.auth_failed", "", "no client named"},
		{"a public client with a secret", post("/revoke", "token=x", as("demo-spa", "x")), "client.auth_failed", "demo-spa", "method not registered"},
		{"no secret", post("/revoke", "token=x&client_id=demo", nil), "client.auth_failed", "demo", "no secret, where one is registered"},
		{"an assertion", post("/revoke", "token=x&client_id=demo&client_assertion=y", nil), "client.auth_failed", "demo", "client assertion"},
		{"malformed Basic", post("/revoke", "token=x", map[string]string{"Authorization": "Basic !"}), "request.refused", "", "the Authorization header is not Basic"},
		{"another scheme", post("/revoke", "token=x", map[string]string{"Authorization": "Digest x"}), "request.refused", "", "scheme"},
		{"two methods", post("/token", "client_id=demo&client_secret=x&client_assertion=y", nil), "request.refused", "", "more than one method"},
		{"two clients", post("/token", "client_id=demo-spa", as("demo", "demo-secret")), "request.refused", "", "not the client of the Authorization header"},
		{"a secret in the query", post("/token?client_secret=x", "", nil), "request.refused", "", "must not be in the query"},
		{"introspecting without a token", post("/introspect", "", as("demo", "demo-secret")), "request.refused", "demo", "token is missing"},
		{"a public client introspects", post("/introspect", "client_id=demo-spa&token=x", nil), "request.refused", "demo-spa", "a public client may ask only"},
		{"a bearer asks about another token", post("/introspect", "token=x", bearer(own)), "request.refused", "", "another token than the one it showed"},
		{"a bearer with a dead token", post("/introspect", "token=x", bearer("x")), "request.refused", "", "does not have the form"},
		{"a bearer whose client has a secret", post("/introspect", "token="+machine, bearer(machine)), "request.refused", "demo", "must authenticate"},
		{"another client's token is revoked", post("/revoke", "token="+own, as("demo", "demo-secret")), "request.refused", "demo", "issued to another client"},
		{"userinfo without a token", get("/userinfo"), "request.refused", "", "an access token is needed"},
		{"userinfo with a token in the query", get("/userinfo?access_token=x"), "request.refused", "", "must not be in the query"},
		{"userinfo with what is no token", post("/userinfo", "", bearer("x")), "request.refused", "", "does not have the form"},
		{"userinfo with an unknown token", post("/userinfo", "", bearer(strings.Repeat("A", 38))), "request.refused", "", "Redis holds no such token"},
		{"userinfo with another server's JWT", post("/userinfo", "", bearer("e30.e30."+strings.Repeat("A", 86))), "request.refused", "", "is not signed"},
		{"userinfo with a client's own token", post("/userinfo", "", bearer(machine)), "request.refused", "demo", "without a user"},
		{"authorize without a client", get("/authorize"), "request.refused", "", "client_id is missing"},
		{"authorize for nobody", get("/authorize?client_id=nobody&redirect_uri=https://x.example/cb"), "request.refused", "", "not registered"},
		{"authorize for a disabled client", get("/authorize?client_id=off"), "request.refused", "off", "is disabled"},
		{"authorize with a foreign address", get(authorize + "&redirect_uri=https://x.example/cb"), "request.refused", "demo", "does not match"},
		{"authorize with a scope too many", get(authorize + "&response_mode=form_post&scope=nothing"), "request.refused", "demo", "scope"},
		{"login with a stale interaction", get("/login?interaction=x"), "request.refused", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(refusals(t, d.Facts(t)))
			c.do()
			after := refusals(t, d.Facts(t))[before:]
			if len(after) != 1 {
				t.Errorf("%s: %d entries: %+v", c.name, len(after), after)
				return
			}
			if one := after[0]; one.Event != c.event || one.Client != c.client || !strings.Contains(one.Details.Reason, c.reason) || one.Details.Reason == "" {
				t.Errorf("%s: %+v, want %s of %q because %q", c.name, one, c.event, c.client, c.reason)
			}
		})
	}
	all := refusals(t, d.Facts(t))
	sent := false
	for _, one := range all {
		sent = sent || one.Details.SentClient == "nobody" && one.Details.SentRedirectURI == "https://x.example/cb"
	}
	if !sent {
		t.Error("what /authorize was sent is not recorded")
	}
}

func disable(t *testing.T, d *testkit.Daemon, id oauth.ClientID) {
	t.Helper()
	_, err := d.App.Direct().Registry.Change(t.Context(), id, func(c *oauth.Client) error { c.Disabled = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
}
