package endpoint_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

func credentialsForm(with ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	return form
}

// raw posts a form to the token endpoint as it is, with Basic credentials when id is not empty.
func raw(t *testing.T, address, id, secret string, form url.Values) testkit.Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		request.SetBasicAuth(id, secret)
	}
	return testkit.Do(t, request)
}

func TestToken_ClientAuthentication(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	token := d.Base + "/token"
	const id, secret = "demo", "demo-secret"
	for _, row := range []struct {
		name, url, id, secret string
		form                  url.Values
		status                int
		code                  oauth.Code
	}{
		{"Basic", token, id, secret, credentialsForm(), 200, ""},
		{"post", token, "", "", credentialsForm("client_id", id, "client_secret", secret), 200, ""},
		{"T01 Basic and post", token, id, secret, credentialsForm("client_secret", secret), 400, oauth.InvalidRequest},
		{"T01 Basic and an assertion", token, id, secret, credentialsForm("client_assertion", "a.b.c"), 400, oauth.InvalidRequest},
		{"T01 two names", token, id, secret, credentialsForm("client_id", "other"), 400, oauth.InvalidRequest},
		{"T03 in the query", token + "?client_secret=demo-secret&client_id=demo", "", "", credentialsForm(), 400, oauth.InvalidRequest},
		{"T04 none for a confidential client", token, "", "", credentialsForm("client_id", id), 401, oauth.InvalidClient},
		{"T04 a secret for a public client", token, "", "", credentialsForm("client_id", "demo-spa", "client_secret", "x"), 401, oauth.InvalidClient},
		{"T04 no client", token, "", "", credentialsForm(), 401, oauth.InvalidClient},
		{"T15 a public client", token, "", "", credentialsForm("client_id", "demo-spa"), 400, oauth.UnauthorizedClient},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := raw(t, row.url, row.id, row.secret, row.form)
			if row.code != "" {
				refused(t, a, row.status, row.code)
			} else if a.Status != row.status {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		})
	}
}

func TestT07_UnknownClientAndWrongSecretLookAlike(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	unknown := raw(t, d.Base+"/token", "nobody", "x", credentialsForm())
	wrong := raw(t, d.Base+"/token", "demo", "x", credentialsForm())
	for what, a := range map[string]testkit.Answer{"unknown client": unknown, "wrong secret": wrong} {
		t.Run(what, func(t *testing.T) {
			refused(t, a, 401, oauth.InvalidClient)
			if a.Header.Get("WWW-Authenticate") == "" {
				t.Error("no challenge although Basic was tried")
			}
		})
	}
	if unknown.Raw != wrong.Raw {
		t.Errorf("told apart by body:\n%s\n%s", unknown.Raw, wrong.Raw)
	}
	post := raw(t, d.Base+"/token", "", "", credentialsForm("client_id", "demo", "client_secret", "x"))
	refused(t, post, 401, oauth.InvalidClient)
}

func TestToken_GrantTypesAndScopes(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	machine := d.Register(t, oauth.Client{ID: "machine", GrantTypes: []string{oauth.GrantClientCredentials}})
	for _, row := range []struct {
		name string
		as   testkit.Party
		form url.Values
		code oauth.Code
	}{
		{"T12 password", party, url.Values{"grant_type": {"password"}, "username": {"demo"}, "password": {"demo-password"}}, oauth.UnsupportedGrantType},
		{"T13 missing", party, url.Values{}, oauth.InvalidRequest},
		{"T13 twice", party, url.Values{"grant_type": {"client_credentials", "client_credentials"}}, oauth.InvalidRequest},
		{"T13 an array", party, url.Values{"grant_type[]": {"client_credentials"}}, oauth.InvalidRequest},
		{"T13 unknown", party, url.Values{"grant_type": {"urn:x:unknown"}}, oauth.UnsupportedGrantType},
		{"T14 not the client's", machine, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, oauth.UnauthorizedClient},
		{"T16 openid offline_access", party, credentialsForm("scope", "openid offline_access"), oauth.InvalidScope},
		{"T16 profile", party, credentialsForm("scope", "profile"), oauth.InvalidScope},
		{"T16 read openid", party, credentialsForm("scope", "read openid"), oauth.InvalidScope},
		{"T16 an admin scope", party, credentialsForm("scope", "admin:clients:read"), oauth.InvalidScope},
	} {
		t.Run(row.name, func(t *testing.T) { refused(t, row.as.Token(t, row.form), 400, row.code) })
	}
	t.Run("T16 no scope", func(t *testing.T) {
		plain := party.Token(t, credentialsForm())
		if plain.Status != http.StatusOK || plain.Text("refresh_token") != "" || plain.Text("scope") != "read write" {
			t.Errorf("%d %s", plain.Status, plain.Raw)
		}
	})
	t.Run("T12 the metadata", func(t *testing.T) {
		if meta := d.Get(t, "/.well-known/oauth-authorization-server"); strings.Contains(meta.Raw, "password") {
			t.Errorf("it names password: %s", meta.Raw)
		}
	})
}

func TestT19_OnlyPOST(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, path := range []string{"/token", "/revoke", "/introspect"} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			t.Run(method+" "+path, func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), method, d.Base+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				if a := testkit.Do(t, request); a.Status != http.StatusMethodNotAllowed || !strings.Contains(a.Header.Get("Allow"), "POST") {
					t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
				}
			})
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Base+"/token", strings.NewReader("_method=DELETE&grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Http-Method-Override", "DELETE")
	request.SetBasicAuth("demo", "demo-secret")
	if a := testkit.Do(t, request); a.Status != http.StatusOK {
		t.Errorf("the override was not ignored: %d", a.Status)
	}
}

func TestT20_R10_Resources(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, testkit.Resources("https://api.example/a", "https://api.example/b"))
	party := d.Demo()
	good := party.Token(t, credentialsForm("resource", "https://api.example/a"))
	if aud := party.Introspect(t, good.Text("access_token")).Fields["aud"]; good.Status != http.StatusOK || len(aud.([]any)) != 1 {
		t.Errorf("%d %s, aud %v", good.Status, good.Raw, aud)
	}
	for _, bad := range []string{"api", "https://api.example/a#x", "https://unknown.example/"} {
		t.Run(bad, func(t *testing.T) {
			refused(t, party.Token(t, credentialsForm("resource", bad)), 400, oauth.InvalidTarget)
		})
	}
	many := credentialsForm()
	for range 200 {
		many.Add("resource", "https://api.example/a")
	}
	refused(t, party.Token(t, many), 400, oauth.InvalidTarget)

	code := party.Code(t, testkit.NewPerson(t), map[string]string{"resource": "https://api.example/a"})
	refresh := party.Redeem(t, code).Text("refresh_token")
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "resource": {"https://api.example/b"}}
	refused(t, party.Token(t, form), 400, oauth.InvalidTarget) // R10
	if again := party.Refresh(t, refresh); again.Status != http.StatusOK {
		t.Errorf("the slip cost the grant: %d %s", again.Status, again.Raw)
	}
}

func TestT21_NothingIsCached(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	good := party.Token(t, credentialsForm())
	for name, a := range map[string]testkit.Answer{
		"token": good, "introspection": party.Introspect(t, good.Text("access_token")), "inactive": party.Introspect(t, "x"), "error": party.Token(t, url.Values{}),
	} {
		t.Run(name, func(t *testing.T) {
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Pragma") != "no-cache" {
				t.Errorf("%s: %v", name, a.Header)
			}
		})
	}
}

func TestAStaleBearerOfABrowserClientIsIgnored(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.SPA()
	code := party.Code(t, testkit.NewPerson(t), nil)
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {testkit.Verifier}, "client_id": {party.ID},
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Base+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer stale")
	if a := testkit.Do(t, request); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func TestV01_OnlyAuthenticatedCallersMayAsk(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	token := d.Demo().Token(t, credentialsForm()).Text("access_token")
	form := url.Values{"token": {token}}
	for name, a := range map[string]testkit.Answer{
		"nobody": raw(t, d.Base+"/introspect", "", "", form),
		"wrong":  raw(t, d.Base+"/introspect", "demo", "wrong", form),
		"public": d.SPA().Introspect(t, token),
	} {
		t.Run(name, func(t *testing.T) { refused(t, a, 401, oauth.InvalidClient) })
	}
	stranger := d.Register(t, oauth.Client{ID: "stranger", GrantTypes: []string{oauth.GrantClientCredentials}})
	if a := stranger.Introspect(t, token); strings.TrimSpace(a.Raw) != `{"active":false}` {
		t.Errorf("a caller that is neither client nor audience reads %s", a.Raw)
	}
	own := stranger.Token(t, url.Values{"grant_type": {"client_credentials"}}).Text("access_token")
	if !stranger.Active(t, own) {
		t.Error("a client may not ask about its own token")
	}
}

func TestIntrospection_V03_V04_InvalidTokens(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	live := party.Token(t, credentialsForm()).Text("access_token")
	other := func(c byte) string {
		if c == 'A' {
			return "B"
		}
		return "A"
	}
	for _, bad := range []string{
		"x", strings.Repeat("A", 38), strings.Repeat("A", 64), strings.Repeat("A", 4000), live[:37], live + "A", other(live[0]) + live[1:], live[:37] + other(live[37]),
		"a.b.c", "eyJhbGciOiJub25lIn0.e30.", strings.Repeat(".", 4000), "\x01", "auth:access_token:*",
	} {
		t.Run(fmt.Sprintf("%.20q of %d", bad, len(bad)), func(t *testing.T) {
			if a := party.Introspect(t, bad); a.Status != http.StatusOK || strings.TrimSpace(a.Raw) != `{"active":false}` {
				t.Errorf("%d %s", a.Status, a.Raw)
			}
		})
	}
	refused(t, party.Introspect(t, ""), 400, oauth.InvalidRequest)
	if a := party.Introspect(t, strings.Repeat("A", 1<<20)); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("1 MB: %d", a.Status)
	}
	if !party.Active(t, live) {
		t.Fatal("the live one is dead")
	}
	d.Clock.Advance(15*time.Minute + time.Second)
	if party.Active(t, live) {
		t.Error("alive after its end")
	}
}

func TestV10_V11_V12_R11_Revocation(t *testing.T) {
	t.Parallel()
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t)
			asker := d.Demo()
			party := d.Register(t, oauth.Client{ID: "holder", Format: format, GrantTypes: []string{
				oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
			}})
			machine := party.Token(t, credentialsForm()).Text("access_token")
			refused(t, asker.Revoke(t, machine), 400, oauth.UnauthorizedClient) // V10
			if !asker.Active(t, machine) {
				t.Errorf("%s: V10: another client's revocation took effect", format)
			}
			if a := party.Revoke(t, machine); a.Status != http.StatusOK || asker.Active(t, machine) {
				t.Errorf("%s: revoking an access token: %d, active %v", format, a.Status, asker.Active(t, machine))
			}
			for _, unknown := range []string{machine, "x", strings.Repeat("A", 64), "a.b.c"} {
				t.Run(fmt.Sprintf("V11 %.20q of %d", unknown, len(unknown)), func(t *testing.T) { // V11
					if a := party.Revoke(t, unknown); a.Status != http.StatusOK {
						t.Errorf("%s: V11: %d %s", format, a.Status, a.Raw)
					}
				})
			}
			login := party.Login(t, testkit.NewPerson(t))
			if a := party.Revoke(t, login.Text("access_token")); a.Status != http.StatusOK || asker.Active(t, login.Text("access_token")) {
				t.Errorf("%s: the access token of a user survived", format)
			}
			next := party.Refresh(t, login.Text("refresh_token"))
			if next.Status != http.StatusOK || !asker.Active(t, next.Text("access_token")) {
				t.Fatalf("%s: revoking an access token cost the refresh token: %d %s", format, next.Status, next.Raw)
			}
			if a := party.Revoke(t, next.Text("refresh_token")); a.Status != http.StatusOK { // V12
				t.Errorf("%s: %d", format, a.Status)
			}
			if asker.Active(t, next.Text("access_token")) {
				t.Errorf("%s: V12: an access token outlived its grant", format)
			}
			refused(t, party.Refresh(t, next.Text("refresh_token")), 400, oauth.InvalidGrant)
		})
	}
}

func TestIntrospectionSaysWhatItsCallersRead(t *testing.T) {
	t.Parallel()
	for _, format := range []oauth.TokenFormat{oauth.FormatOpaque, oauth.FormatJWT} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t)
			party := d.Register(t, oauth.Client{ID: "holder", Format: format, GrantTypes: []string{
				oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
			}})
			user := d.Demo().Introspect(t, party.Login(t, testkit.NewPerson(t)).Text("access_token"))
			for _, name := range []string{"sub", "user_id", "username", "client_id", "scope", "scopes", "token_type", "exp", "iat", "nbf", "iss", "jti"} {
				if user.Fields[name] == nil {
					t.Errorf("%s: a user's token has no %s: %s", format, name, user.Raw)
				}
			}
			if user.Text("username") != "demo" || user.Text("sub") != user.Text("user_id") || user.Text("client_id") != "holder" || user.Text("scope") != "read write" {
				t.Errorf("%s: %s", format, user.Raw)
			}
			machine := d.Demo().Introspect(t, party.Token(t, credentialsForm()).Text("access_token"))
			if machine.Text("sub") != "holder" || machine.Fields["user_id"] != nil || machine.Fields["username"] != nil {
				t.Errorf("%s: %s", format, machine.Raw)
			}
		})
	}
}
