package adminapi_test

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/adminapi"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// contract is the part of api/openapi/admin.yaml that a test reads.
type contract struct {
	Paths      map[string]map[string]yaml.Node
	Components struct {
		Parameters      map[string]struct{ Name, In, Example string }
		SecuritySchemes struct {
			Operator struct {
				Flows struct {
					ClientCredentials struct {
						Scopes map[string]string
					} `yaml:"clientCredentials"`
				}
			}
		} `yaml:"securitySchemes"`
	}
}

// operation is one operation of the contract, with an example of a path.
type operation struct{ method, path, scope, id string }

func operations(t *testing.T) ([]operation, contract) {
	t.Helper()
	text, err := os.ReadFile("../../../api/openapi/admin.yaml")
	ok(t, err)
	var c contract
	ok(t, yaml.Unmarshal(text, &c))
	var all []operation
	for path, methods := range c.Paths {
		for method, node := range methods {
			if method == "parameters" {
				continue
			}
			var spec struct {
				OperationID string `yaml:"operationId"`
				Security    []struct{ Operator []string }
			}
			ok(t, node.Decode(&spec))
			if len(spec.Security) != 2 || len(spec.Security[0].Operator) != 1 || spec.Security[1].Operator[0] != "admin:*" {
				t.Errorf("%s: its security is not one scope or all", spec.OperationID)
				continue
			}
			example := path
			for _, p := range c.Components.Parameters {
				if p.In == "path" {
					example = strings.ReplaceAll(example, "{"+p.Name+"}", p.Example)
				}
			}
			all = append(all, operation{strings.ToUpper(method), example, spec.Security[0].Operator[0], spec.OperationID})
		}
	}
	if len(all) < 30 {
		t.Fatalf("only %d operations were read", len(all))
	}
	return all, c
}

// Every operation of the contract needs its scope: the test calls each without a token, with a wrong one, with one of
// every other scope, and with the right one.
func TestEveryOperationIsGuarded(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	all, c := operations(t)
	var scopes []string
	for scope := range c.Components.SecuritySchemes.Operator.Flows.ClientCredentials.Scopes {
		scopes = append(scopes, scope)
	}
	served := adminapi.Scopes()
	slices.Sort(scopes)
	slices.Sort(served)
	if !slices.Equal(scopes, served) {
		t.Errorf("scopes:\n contract %v\n server   %v", scopes, served)
	}
	tokens, lacking := map[string]string{}, map[string]string{}
	for _, scope := range scopes {
		tokens[scope] = tokenOf(t, d, scope)
		others := slices.DeleteFunc(slices.Clone(scopes), func(one string) bool { return one == scope || one == "admin:*" })
		lacking[scope] = tokenOf(t, d, append(others, "read")...)
	}
	dead := tokenOf(t, d, "admin:*")
	d.Demo().Revoke(t, dead) // another client's: it stays
	ended, err := clientOf(t, d, tokens["admin:*"]).RevokeToken(t.Context(), secret.Text(dead))
	ok(t, err)
	if !ended {
		t.Fatal("no token to be dead")
	}
	for _, o := range all {
		send := func(token string) testkit.Answer {
			return raw{method: o.method, path: o.path, token: token}.send(t, d)
		}
		for what, token := range map[string]string{"no token": "", "a wrong token": "x", "a dead token": dead} {
			a := send(token)
			refused(t, o.id+" with "+what, a, http.StatusUnauthorized, "invalid-token", "")
			if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `Bearer realm="oauth2d"`) {
				t.Errorf("%s with %s: no challenge", o.id, what)
			}
		}
		a := send(lacking[o.scope])
		refused(t, o.id+" without "+o.scope, a, http.StatusForbidden, "insufficient-scope", "")
		if !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="`+o.scope+`"`) {
			t.Errorf("%s does not say what it needs: %s", o.id, a.Header.Get("WWW-Authenticate"))
		}
		if a := send(tokens[o.scope]); a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status >= 500 {
			t.Errorf("%s with %s: %d %s", o.id, o.scope, a.Status, a.Raw)
		}
		for _, host := range []string{"evil.example", "127.0.0.1.evil.example", ""} {
			a := raw{method: o.method, path: o.path, token: tokens["admin:*"], header: map[string]string{"Host": host}}.send(t, d)
			if host != "" {
				refused(t, o.id+" at "+host, a, http.StatusForbidden, "forbidden-host", "")
			}
		}
	}
}

// full is a client that lets people sign in and is registered for every scope.
func full(d *testkit.Daemon, t *testing.T) testkit.Party {
	t.Helper()
	return d.Register(t, oauth.Client{
		ID: "console", GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, Scopes: oauth.Scopes{"openid", "admin:*"},
	})
}

// A person's token does not open the admin API, whatever its scope, unless the settings list the person.
func TestW19_AUsersTokenIsNoOperators(t *testing.T) {
	t.Parallel()
	login := func(d *testkit.Daemon) string {
		party := full(d, t)
		issued := party.Redeem(t, party.Code(t, testkit.NewPerson(t), map[string]string{"scope": "openid admin:*"}))
		if issued.Status != http.StatusOK || !strings.Contains(issued.Text("scope"), "admin:*") {
			t.Fatalf("the token does not have the scope that this is about: %s", issued.Raw)
		}
		return issued.Text("access_token")
	}
	all, _ := operations(t)
	d := testkit.Start(t)
	token := login(d)
	for _, o := range all {
		refused(t, o.id, raw{method: o.method, path: o.path, token: token}.send(t, d), http.StatusForbidden, "insufficient-scope", "")
	}
	d = testkit.Start(t, func(c *config.Config) { c.Admin.Operators = []string{"Demo"} })
	token = login(d)
	if a := (raw{method: "GET", path: "/clients", token: token}).send(t, d); a.Status != http.StatusOK {
		t.Errorf("an operator who is listed: %d %s", a.Status, a.Raw)
	}
	if err := d.App.Direct().DisableUser(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	if a := (raw{method: "GET", path: "/clients", token: token}).send(t, d); a.Status != http.StatusUnauthorized {
		t.Errorf("an operator who was disabled: %d", a.Status)
	}
}

// By default the listener is on loopback.
func TestW19_TheListenerIsLoopback(t *testing.T) {
	t.Parallel()
	if listen := config.Default(false).Admin.Listen; !strings.HasPrefix(listen, "127.0.0.1:") {
		t.Errorf("admin.listen is %s by default", listen)
	}
}

// An operator can neither grant nor take over a scope that they do not have.
func TestNobodyHandsOutMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Admin.Operators = []string{"demo", "boss"} })
	little := tokenOf(t, d, "admin:clients:write", "admin:users:write", "admin:clients:read", "admin:users:read")
	demo, _, err := clientOf(t, d, little).UserNamed(t.Context(), "demo")
	ok(t, err)
	for what, r := range map[string]raw{
		"registering an operator":  {method: "POST", path: "/clients", body: `{"grant_types":["client_credentials"],"scope":"admin:*"}`},
		"putting an operator":      {method: "PUT", path: "/clients/mine", body: `{"grant_types":["client_credentials"],"scope":"admin:keys:read"}`},
		"promoting a client":       {method: "PATCH", path: "/clients/demo", body: `{"scope":"read admin:tokens:read"}`},
		"demoting an operator":     {method: "PATCH", path: "/clients/demo-admin", body: `{"scope":"read"}`},
		"an operator's secret":     {method: "POST", path: "/clients/demo-admin/secrets", body: `{}`},
		"deleting an operator":     {method: "DELETE", path: "/clients/demo-admin"},
		"an operator's password":   {method: "PUT", path: "/users/" + demo.ID + "/password", body: `{"password":"taken over now"}`},
		"disabling an operator":    {method: "PATCH", path: "/users/" + demo.ID, body: `{"disabled":true}`},
		"removing an operator":     {method: "DELETE", path: "/users/" + demo.ID},
		"becoming an operator":     {method: "POST", path: "/users", body: `{"username":"BOSS","password":"a good password"}`},
		"the same with spaces":     {method: "POST", path: "/users", body: `{"username":" boss ","password":"a good password"}`},
		"S21 in fullwidth letters": {method: "POST", path: "/users", body: `{"username":"\uff42oss","password":"a good password"}`},
	} {
		r.token = little
		refused(t, what, r.send(t, d), http.StatusForbidden, "insufficient-scope", "")
	}
	// An operator may grant the scopes that they have.
	r := raw{method: "POST", path: "/clients", token: little, body: `{"grant_types":["client_credentials"],"scope":"admin:users:read"}`}
	if a := r.send(t, d); a.Status != http.StatusCreated {
		t.Errorf("handing on: %d %s", a.Status, a.Raw)
	}
	if !signsIn(t, d, "demo", "demo-password") {
		t.Error("an operator's password was changed")
	}
}

// A token has the scopes that its client may still ask for, and only if it was issued for this server.
func TestWhatATokenIsWorth(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	registry, ctx := d.App.Direct().Registry, t.Context()
	party := d.Register(t, oauth.Client{ID: "worker", GrantTypes: []string{oauth.GrantClientCredentials}, Scopes: oauth.Scopes{"admin:stats:read"}})
	token := asked(t, party)
	stats := func(want int, what string) {
		t.Helper()
		if a := (raw{method: "GET", path: "/stats", token: token}).send(t, d); a.Status != want {
			t.Errorf("%s: %d, want %d", what, a.Status, want)
		}
	}
	change := func(edit func(*oauth.Client)) {
		t.Helper()
		_, err := registry.Change(ctx, "worker", func(c *oauth.Client) error { edit(c); return nil })
		ok(t, err)
	}
	stats(http.StatusOK, "as it was issued")
	change(func(c *oauth.Client) { c.Scopes = oauth.Scopes{"read"} })
	stats(http.StatusUnauthorized, "the client lost the only scope")
	change(func(c *oauth.Client) { c.Scopes, c.Disabled = oauth.Scopes{"admin:stats:read"}, true })
	stats(http.StatusUnauthorized, "the client is disabled")
	change(func(c *oauth.Client) { c.Disabled, c.Audience = false, []string{"https://api.example.com"} })
	token = asked(t, party)
	stats(http.StatusUnauthorized, "a token for somebody else")
	change(func(c *oauth.Client) { c.Audience, c.Format = nil, oauth.FormatJWT })
	token = asked(t, party)
	stats(http.StatusOK, "a JWT")
	d.Clock.Advance(time.Hour)
	stats(http.StatusUnauthorized, "an old token")
	two := url.Values{"grant_type": {"client_credentials"}}
	token = party.Token(t, two).Text("access_token")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Admin+"/admin/v1/stats", http.NoBody)
	ok(t, err)
	request.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	if a := testkit.Do(t, request); a.Status != http.StatusUnauthorized {
		t.Errorf("two tokens: %d", a.Status)
	}
}

// An operator with admin:users:write, but without admin:*, must not unlock another operator either: that would allow
// guesses at the other operator's password.
func TestF_S23_UnlockingAnOperatorNeedsAllScopes(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Admin.Operators = []string{"demo"} })
	demo, _, err := clientOf(t, d, asked(t, root(d))).UserNamed(t.Context(), "demo")
	ok(t, err)
	unlock := raw{method: "POST", path: "/users/" + demo.ID + "/unlock", token: tokenOf(t, d, "admin:users:write")}
	refused(t, "with admin:users:write", unlock.send(t, d), http.StatusForbidden, "insufficient-scope", "")
	unlock.token = asked(t, root(d))
	if a := unlock.send(t, d); a.Status != http.StatusNoContent {
		t.Errorf("with admin:*: %d %s", a.Status, a.Raw)
	}
}

// A name that looks like an operator's name is refused for every user.
func TestF_S21_NoNameReadsLikeAnOperators(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Admin.Operators = []string{"ace"} })
	token := asked(t, root(d))
	for what, name := range map[string]string{
		"all Cyrillic": "\\u0430\\u0441\\u0435", "one Cyrillic letter": "\\u0430ce", "zero-width": "a\\u200bce", "soft hyphen": "ac\\u00ade",
	} {
		r := raw{method: "POST", path: "/users", token: token, body: `{"username":"` + name + `","password":"correct horse battery staple"}`}
		refused(t, what, r.send(t, d), http.StatusBadRequest, "invalid-request", "")
	}
}
