package endpoint_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// send posts a form with these headers and no authentication of its own.
func sendForm(t *testing.T, address, body string, headers map[string]string) testkit.Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return testkit.Do(t, r)
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// expect checks an error answer of an endpoint.
func expect(t *testing.T, name string, a testkit.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.Text("error") != code || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %s %v, want %d %s", name, a.Status, a.Raw, a.Header, status, code)
	}
}

func allowSelf(c *config.Config) { c.Introspection.AllowSelf = true }

func service(t *testing.T, p testkit.Party) string {
	t.Helper()
	a := p.Token(t, url.Values{"grant_type": {"client_credentials"}})
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	return a.Text("access_token")
}

func TestTokenAnswers(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	a := d.Demo().Token(t, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	if a.Text("token_type") != "Bearer" || a.Text("scope") != "read" || a.Fields["expires_in"] != 900.0 || a.Fields["refresh_token"] != nil {
		t.Errorf("%s", a.Raw)
	}
}

func TestToken_RefusalsOnTheWire(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	const demo = "client_id=demo&client_secret=demo-secret&"
	for name, c := range map[string]struct {
		query, body, header string
		status              int
		code                string
	}{
		"T01 two methods":              {"", demo + "grant_type=client_credentials", "Basic ZGVtbzpkZW1vLXNlY3JldA==", 400, "invalid_request"},
		"T03 secret in the query":      {"?client_id=demo&client_secret=demo-secret", "grant_type=client_credentials", "", 400, "invalid_request"},
		"T03 the query does not count": {"?grant_type=client_credentials", demo, "", 400, "invalid_request"},
		"T12 password":                 {"", demo + "grant_type=password&username=demo&password=demo-password", "", 400, "unsupported_grant_type"},
		"T13 missing":                  {"", demo, "", 400, "invalid_request"},
		"T13 twice":                    {"", demo + "grant_type=client_credentials&grant_type=client_credentials", "", 400, "invalid_request"},
		"T13 unknown":                  {"", demo + "grant_type=urn:x", "", 400, "unsupported_grant_type"},
		"T13 an array":                 {"", demo + "grant_type[]=client_credentials", "", 400, "invalid_request"},
		"T15 a public client":          {"", "client_id=demo-spa&grant_type=client_credentials", "", 400, "unauthorized_client"},
		"T04 none for a confidential":  {"", "client_id=demo&grant_type=client_credentials", "", 401, "invalid_client"},
		"malformed Basic":              {"", "grant_type=client_credentials", "Basic !", 401, "invalid_client"},
		"a wrong secret by Basic":      {"", "grant_type=client_credentials", "Basic ZGVtbzp3cm9uZw==", 401, "invalid_client"},
		"H01 a body of 1 MB":           {"", demo + "x=" + strings.Repeat("x", 1<<20), "", 413, "request_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			headers := map[string]string{}
			if c.header != "" {
				headers["Authorization"] = c.header
			}
			a := sendForm(t, d.Base+"/token"+c.query, c.body, headers)
			expect(t, name, a, c.status, c.code)
			if challenged := a.Header.Get("WWW-Authenticate") != ""; challenged != (c.status == http.StatusUnauthorized && c.header != "") {
				t.Errorf("WWW-Authenticate %q", a.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestATokenMaySpeakForItselfWhereThatIsOn(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, allowSelf)
	own := d.SPA().Login(t, testkit.NewPerson(t)).Text("access_token")
	other := d.SPA().Login(t, testkit.NewPerson(t)).Text("access_token")
	confidential := service(t, d.Demo())
	introspect := func(shown, about string) testkit.Answer {
		return sendForm(t, d.Base+"/introspect", "client_id=demo-spa&token="+about, bearer(shown))
	}
	if a := introspect(own, own); a.Fields["active"] != true || a.Text("client_id") != "demo-spa" {
		t.Errorf("its own: %d %s", a.Status, a.Raw)
	}
	expect(t, "another's token", introspect(own, other), http.StatusUnauthorized, "invalid_token")
	expect(t, "a confidential client's token", introspect(confidential, confidential), http.StatusUnauthorized, "invalid_token")
	expect(t, "no token at all", introspect("x", "x"), http.StatusUnauthorized, "invalid_token")

	expect(t, "revoking another's", sendForm(t, d.Base+"/revoke", "token="+other, bearer(own)), http.StatusUnauthorized, "invalid_token")
	if a := sendForm(t, d.Base+"/revoke", "token="+own, bearer(own)); a.Status != http.StatusOK {
		t.Errorf("revoking its own: %d %s", a.Status, a.Raw)
	}
	if d.Demo().Active(t, own) || !d.Demo().Active(t, other) {
		t.Error("the wrong token was revoked")
	}
	expect(t, "a dead token", introspect(own, own), http.StatusUnauthorized, "invalid_token")
}

func TestV15_UserInfo(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	ask := func(token string) testkit.Answer { return sendForm(t, d.Base+"/userinfo", "", bearer(token)) }
	p := d.Demo()
	with := func(scope string) string {
		return p.Redeem(t, p.Code(t, testkit.NewPerson(t), map[string]string{"scope": scope})).Text("access_token")
	}
	full := with("openid profile email")
	if a := ask(full); a.Status != http.StatusOK || a.Text("sub") == "" || a.Text("preferred_username") != "demo" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	expect(t, "without openid", ask(with("read")), http.StatusForbidden, "insufficient_scope")
	expect(t, "no user", ask(service(t, p)), http.StatusUnauthorized, "invalid_token")
	expect(t, "not a token", ask("x"), http.StatusUnauthorized, "invalid_token")
	expect(t, "in the query", sendForm(t, d.Base+"/userinfo?access_token="+full, "", nil), http.StatusBadRequest, "invalid_request")
	expect(t, "twice", sendForm(t, d.Base+"/userinfo", "access_token="+full, bearer(full)), http.StatusBadRequest, "invalid_request")
	if got := ask("x").Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || !strings.Contains(got, `error="invalid_token"`) {
		t.Errorf("WWW-Authenticate %q", got)
	}
}

func TestA20_LongStatesAreErrorsOfTheRequest(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	page := person.Get(t, d.SPA().AuthorizeURL(map[string]string{"state": strings.Repeat("s", 64<<10)}))
	if page.Status != http.StatusSeeOther || page.Query(t).Get("error") != "invalid_request" || page.Query(t).Get("iss") != d.Base {
		t.Errorf("%d %s", page.Status, page.Location)
	}
	const nasty = `"><script>alert(1)</script>`
	page = person.Get(t, d.SPA().AuthorizeURL(map[string]string{"state": nasty, "response_type": "token"}))
	if page.Query(t).Get("state") != nasty || strings.Contains(page.Body, "script") {
		t.Errorf("%s %s", page.Location, page.Body)
	}
}

func TestAuthorizeByPost(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	u, err := url.Parse(d.SPA().AuthorizeURL(nil))
	if err != nil {
		t.Fatal(err)
	}
	person := testkit.NewPerson(t)
	page := person.PostForm(t, d.Base+"/authorize", u.Query())
	if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location, "/authorize?interaction=") {
		t.Errorf("%d %s", page.Status, page.Location)
	}
	if page = person.Get(t, d.Base+page.Location); page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location, "/login?interaction=") {
		t.Errorf("%d %s", page.Status, page.Location)
	}
	form := u.Query()
	form.Set("state", strings.Repeat("s", 100<<10))
	if page := person.PostForm(t, d.Base+"/authorize", form); page.Status != http.StatusRequestEntityTooLarge || page.Location != "" {
		t.Errorf("a body that is too long: %d", page.Status)
	}
}
