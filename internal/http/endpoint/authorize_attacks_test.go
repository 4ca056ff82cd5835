package endpoint_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// shown fails the test unless the answer is an error page of our own: no redirect, nothing of the
// attacker's in it.
func shown(t *testing.T, page testkit.Page, echoes ...string) {
	t.Helper()
	if page.Status != http.StatusBadRequest || page.Location != "" || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Errorf("got %d, location %q, %s", page.Status, page.Location, page.Header.Get("Content-Type"))
	}
	for _, echo := range echoes {
		if strings.Contains(page.Body, echo) {
			t.Errorf("the page echoes %q", echo)
		}
	}
}

// sentBack fails the test unless the answer is an error at the client's redirect URI.
func sentBack(t *testing.T, d *testkit.Daemon, page testkit.Page, code oauth.Code, state string) {
	t.Helper()
	if page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location, testkit.Callback+"?") {
		t.Errorf("got %d to %q, want %s", page.Status, page.Location, code)
		return
	}
	query := page.Query(t)
	if query.Get("error") != string(code) || query.Get("state") != state || query.Get("iss") != d.Base || query.Has("code") {
		t.Errorf("sent back %v, want %s", query, code)
	}
}

func TestAuthorize_NothingIsSentToAStranger(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	two := d.Register(t, oauth.Client{ID: "two", GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{"https://a/cb", "https://b/cb"}})
	for name, with := range map[string]map[string]string{
		"A01 unknown client":          {"client_id": "nobody", "redirect_uri": "https://evil.example/"},
		"A01 no client":               {"client_id": ""},
		"A02 another URI":             {"redirect_uri": "https://evil.example/"},
		"A02 another path":            {"redirect_uri": testkit.Callback + "/../evil"},
		"A02 a slash more":            {"redirect_uri": testkit.Callback + "/"},
		"A04 a query more":            {"redirect_uri": testkit.Callback + "?code=x"},
		"A05 a fragment":              {"redirect_uri": testkit.Callback + "#x"},
		"A12 javascript":              {"redirect_uri": "javascript:alert(1)"},
		"A14 OpenID without redirect": {"redirect_uri": "", "scope": "openid"},
		"W12 script in the client":    {"client_id": `"><script>alert(1)</script>`},
		"W12 script in the redirect":  {"redirect_uri": `https://x/"><script>alert(1)</script>`},
		"A28 an enormous client id":   {"client_id": strings.Repeat("x", 3000)},
	} {
		t.Run(name, func(t *testing.T) {
			shown(t, person.Get(t, d.Demo().AuthorizeURL(with)), "evil.example", "<script>alert", "javascript:")
		})
	}
	t.Run("A14 no redirect of two", func(t *testing.T) {
		shown(t, person.Get(t, two.AuthorizeURL(map[string]string{"redirect_uri": ""})))
	})
}

func TestA09_AWebClientMayNotVaryThePort(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	web := d.Register(t, oauth.Client{
		ID: "web", Type: oauth.AppWeb, GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{"http://127.0.0.1/callback"},
	})
	shown(t, testkit.NewPerson(t).Get(t, web.AuthorizeURL(nil)))
}

func TestA15_RepeatedParameters(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person, base := testkit.NewPerson(t), d.Demo().AuthorizeURL(nil)
	for _, name := range []string{"client_id", "redirect_uri"} {
		t.Run(name, func(t *testing.T) { shown(t, person.Get(t, base+"&"+name+"=again")) })
	}
	for _, name := range []string{"scope", "code_challenge", "response_type", "nonce=1&nonce"} {
		t.Run(name, func(t *testing.T) {
			sentBack(t, d, person.Get(t, base+"&"+name+"=again"), oauth.InvalidRequest, "a-state")
		})
	}
	t.Run("state", func(t *testing.T) { sentBack(t, d, person.Get(t, base+"&state=again"), oauth.InvalidRequest, "") })
}

func TestAuthorize_ErrorsGoBackToTheClient(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	many := strings.TrimSpace(strings.Repeat("s ", 40))
	for _, row := range []struct {
		name string
		with map[string]string
		want oauth.Code
	}{
		{"A17 implicit", map[string]string{"response_type": "token"}, oauth.UnsupportedResponseType},
		{"A17 hybrid", map[string]string{"response_type": "id_token token"}, oauth.UnsupportedResponseType},
		{"A17 code token", map[string]string{"response_type": "code token"}, oauth.UnsupportedResponseType},
		{"A17 missing", map[string]string{"response_type": ""}, oauth.InvalidRequest},
		{"A18 fragment", map[string]string{"response_mode": "fragment"}, oauth.InvalidRequest},
		{"A18 web_message", map[string]string{"response_mode": "web_message"}, oauth.InvalidRequest},
		{"A21 request_uri", map[string]string{"request_uri": "http://169.254.169.254/x"}, oauth.RequestURINotSupported},
		{"A22 request", map[string]string{"request": "eyJhbGciOiJub25lIn0.e30."}, oauth.RequestNotSupported},
		{"A27 prompt", map[string]string{"prompt": "none login"}, oauth.InvalidRequest},
		{"A27 negative age", map[string]string{"max_age": "-1"}, oauth.InvalidRequest},
		{"A27 enormous age", map[string]string{"max_age": "99999999999999999999"}, oauth.InvalidRequest},
		{"A28 not allowed", map[string]string{"scope": "read root"}, oauth.InvalidScope},
		{"A28 a quote", map[string]string{"scope": `read "`}, oauth.InvalidScope},
		{"A28 a control character", map[string]string{"scope": "read\x01"}, oauth.InvalidScope},
		{"A28 repeated far too often", map[string]string{"scope": strings.Repeat(many+" ", 40)}, oauth.InvalidScope},
		{"C07 no challenge", map[string]string{"code_challenge": ""}, oauth.InvalidRequest},
		{"C10 plain", map[string]string{"code_challenge_method": "plain"}, oauth.InvalidRequest},
		{"C10 no method", map[string]string{"code_challenge_method": ""}, oauth.InvalidRequest},
		{"C10 lower case", map[string]string{"code_challenge_method": "s256"}, oauth.InvalidRequest},
		{"C10 not a digest", map[string]string{"code_challenge": "abc"}, oauth.InvalidRequest},
		{"T20 unknown resource", map[string]string{"resource": "https://unknown.example"}, oauth.InvalidTarget},
		{"A26 nobody is signed in", map[string]string{"prompt": "none"}, oauth.LoginRequired},
	} {
		t.Run(row.name, func(t *testing.T) {
			sentBack(t, d, person.Get(t, d.Demo().AuthorizeURL(row.with)), row.want, "a-state")
		})
	}
}

func TestC07_EveryClientNeedsPKCE(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for _, party := range []testkit.Party{d.Demo(), d.SPA()} {
		t.Run(party.ID, func(t *testing.T) {
			page := testkit.NewPerson(t).Get(t, party.AuthorizeURL(map[string]string{"code_challenge": "", "code_challenge_method": ""}))
			sentBack(t, d, page, oauth.InvalidRequest, "a-state")
		})
	}
}

func TestA19_EveryAnswerCarriesTheIssuer(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	page := testkit.NewPerson(t).Authorize(t, d.Demo().AuthorizeURL(nil))
	if got := page.Query(t); got.Get("iss") != d.Base || got.Get("code") == "" || got.Get("state") != "a-state" {
		t.Errorf("answered %v", got)
	}
	meta := d.Get(t, "/.well-known/oauth-authorization-server")
	if meta.Fields["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("the metadata does not say so: %s", meta.Raw)
	}
	if strings.Contains(meta.Raw, "token id_token") || !strings.Contains(meta.Raw, `"response_types_supported":["code"]`) {
		t.Errorf("A17: response types in %s", meta.Raw)
	}
}

func TestA20_AStateComesBackByteForByte(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	for _, state := range []string{`"><script>alert(1)</script>`, "a\x00b", "\xff\xfe", "ä€😀 +&=%", strings.Repeat("s", 4096)} {
		t.Run(fmt.Sprintf("%.20q", state), func(t *testing.T) {
			page := person.Authorize(t, d.Demo().AuthorizeURL(map[string]string{"state": state}))
			if got := page.Query(t).Get("state"); got != state {
				t.Errorf("state %.20q came back as %.20q", state, got)
			}
			if strings.ContainsAny(page.Location, "\"<>\x00") {
				t.Errorf("not encoded: %.80q", page.Location)
			}
		})
	}
	long := person.Get(t, d.Demo().AuthorizeURL(map[string]string{"state": strings.Repeat("s", 5000)}))
	sentBack(t, d, long, oauth.InvalidRequest, "")
	enormous := person.Get(t, d.Demo().AuthorizeURL(map[string]string{"state": strings.Repeat("s", 64<<10)}))
	if len(enormous.Location) > 4096 || enormous.Status != http.StatusSeeOther && enormous.Status < 400 {
		t.Errorf("64 KB of state: %d", enormous.Status)
	}
}

func TestA26_PromptNone(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	party := d.Demo()
	party.Code(t, person, map[string]string{"scope": "read"})
	quiet := map[string]string{"prompt": "none", "scope": "read"}
	if page := person.Get(t, party.AuthorizeURL(quiet)); page.Query(t).Get("code") == "" {
		t.Errorf("signed in and consented: %s", page.Location)
	}
	quiet["scope"] = "read write"
	sentBack(t, d, person.Get(t, party.AuthorizeURL(quiet)), oauth.ConsentRequired, "a-state")
	sentBack(t, d, person.Get(t, party.AuthorizeURL(map[string]string{"prompt": "none", "max_age": "0", "scope": "read"})), oauth.LoginRequired, "a-state")
}

func TestPromptLoginAndMaxAgeAskAgainAndEnd(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	party := d.Demo()
	party.Code(t, person, nil)
	for _, with := range []map[string]string{{"prompt": "login"}, {"max_age": "0"}, {"prompt": "login consent"}} {
		page := person.Follow(t, party.AuthorizeURL(with))
		if !strings.Contains(page.Body, `name="password"`) {
			t.Errorf("%v does not ask to sign in again", with)
		}
		if got := person.Authorize(t, party.AuthorizeURL(with)).Query(t); got.Get("code") == "" {
			t.Errorf("%v does not end: %v", with, got)
		}
	}
}

func TestA30_A31_AnInteractionBelongsToItsBrowserAndCannotBeChanged(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person, thief := testkit.NewPerson(t), testkit.NewPerson(t)
	party := d.Demo()
	page := person.Follow(t, party.AuthorizeURL(nil))
	thief.Get(t, d.Base+"/login")
	stolen := thief.Get(t, page.URL.String()) // a request of the thief's own from here on
	if _, own, ok := testkit.FirstForm(stolen); !ok || own.Get("interaction") == page.URL.Query().Get("interaction") {
		t.Errorf("another browser goes on with the same interaction: %d", stolen.Status)
	}
	consent := person.Submit(t, page, map[string]string{"username": "demo", "password": "demo-password"})
	asked := person.Submit(t, consent, map[string]string{
		"decision": "allow", "scope": "read write profile email", "redirect_uri": "https://evil.example/", "code_challenge": "x", "client_id": "demo-spa",
	})
	code := asked.Query(t).Get("code")
	if !strings.HasPrefix(asked.Location, testkit.Callback) || code == "" {
		t.Fatalf("went to %s", asked.Location)
	}
	if got := party.Redeem(t, code); got.Text("scope") != "read write" {
		t.Errorf("the form changed what was asked: %s", got.Raw)
	}
	_, form, _ := testkit.FirstForm(consent)
	broken := url.Values{}
	for name, values := range form {
		broken[name] = values
	}
	broken.Set("decision", "allow")
	for name := range form {
		if name == "interaction" {
			broken.Set(name, form.Get(name)[:20]+"x"+form.Get(name)[21:])
		}
	}
	if got := person.PostForm(t, d.Base+"/consent", broken); got.Status != http.StatusBadRequest && got.Status != http.StatusForbidden {
		t.Errorf("a broken interaction: %d", got.Status)
	}
}

func TestADeniedConsentIsToldToTheClient(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := testkit.NewPerson(t)
	page := person.Follow(t, d.Demo().AuthorizeURL(nil))
	page = person.Submit(t, page, map[string]string{"username": "demo", "password": "demo-password"})
	sentBack(t, d, person.Post(t, page, map[string]string{"decision": "deny"}), oauth.AccessDenied, "a-state")
}
