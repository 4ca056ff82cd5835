package endpoint_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// silently reports whether a request of somebody who signed in and consented before is answered without a click.
func silently(t *testing.T, person *testkit.Person, party testkit.Party, with map[string]string) bool {
	t.Helper()
	page := person.Follow(t, party.AuthorizeURL(with))
	asked := strings.Contains(page.Body, `value="allow"`)
	if asked == strings.Contains(page.Location, "code=") {
		t.Fatalf("%d to %q: %s", page.Status, page.Location, testkit.Text(page.Body))
	}
	return !asked
}

// S03, RFC 8252 §8.6: a link and any program that listens on the device must not be enough for a token. A public
// client whose answer stays on the device asks each time; one whose answer goes to a web site, or that has to
// show a secret, does not.
func TestF_S03_APublicClientOnTheDeviceAlwaysAsks(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for name, row := range map[string]struct {
		public   bool
		redirect string
		silent   bool
	}{
		"public, loopback":             {true, testkit.Callback, false},
		"public, loopback by IPv6":     {true, "http://[::1]:4000/cb", false},
		"public, localhost":            {true, "http://localhost:3000/cb", false},
		"public, localhost by TLS":     {true, "https://localhost:3000/cb", false},
		"public, private-use scheme":   {true, "com.example.app:/cb", false},
		"public, web site":             {true, "https://app.example/cb", true},
		"confidential, loopback":       {false, testkit.Callback, true},
		"confidential, private scheme": {false, "com.example.app:/cb", true},
	} {
		client := oauth.Client{GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{row.redirect}}
		if row.public {
			client.Method = oauth.AuthNone
		}
		party, person := d.Register(t, client), testkit.NewPerson(t)
		with := map[string]string{"redirect_uri": row.redirect, "scope": "read"}
		party.Code(t, person, with)
		if got := silently(t, person, party, with); got != row.silent {
			t.Errorf("%s: silent %v", name, got)
		}
		with["prompt"] = "none"
		got, want := person.Get(t, party.AuthorizeURL(with)).Query(t), ""
		if !row.silent {
			want = "consent_required"
		}
		if got.Get("error") != want || got.Has("code") != row.silent {
			t.Errorf("%s, prompt=none: %v", name, got)
		}
		delete(with, "prompt")
		party.Code(t, person, with) // and after another consent the request succeeds
	}
}

func TestF_S03_APublicClientMayNotSkipConsent(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	registry := d.App.Direct().Registry
	client := oauth.Client{
		ID: "own", Method: oauth.AuthNone, SkipConsent: true, GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{"https://app.example/cb"},
	}
	if _, _, err := registry.Register(t.Context(), client, ""); err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("registered: %v", err)
	}
	client.SkipConsent = false
	d.Register(t, client)
	skip := func(c *oauth.Client) error { c.SkipConsent = true; return nil }
	if _, err := registry.Change(t.Context(), "own", skip); err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("changed: %v", err)
	}
}

// S03: an admin scope is allowed each time anew, even to a client that otherwise never asks, and only by a person
// that signed in within the last five minutes.
func TestF_S03_AnAdminScopeAlwaysAsks(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Register(t, oauth.Client{
		SkipConsent: true, Scopes: oauth.Scopes{"read", "admin:*"}, GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{"https://app.example/cb"},
	})
	person := testkit.NewPerson(t)
	admin := map[string]string{"redirect_uri": "https://app.example/cb", "scope": "read admin:*"}
	party.Code(t, person, admin)
	if silently(t, person, party, admin) {
		t.Error("a second token without a click")
	}
	if !silently(t, person, party, map[string]string{"redirect_uri": "https://app.example/cb", "scope": "read"}) {
		t.Error("without an admin scope it asks")
	}
	d.Clock.Advance(5*time.Minute + time.Second)
	quiet := map[string]string{"redirect_uri": "https://app.example/cb", "scope": "admin:*", "prompt": "none"}
	if got := person.Get(t, party.AuthorizeURL(quiet)).Query(t); got.Get("error") != "login_required" {
		t.Errorf("signed in too long ago, prompt=none: %v", got)
	}
	page := person.Follow(t, party.AuthorizeURL(admin))
	if !strings.Contains(page.Body, `name="password"`) {
		t.Fatalf("signed in too long ago: %d %s", page.Status, testkit.Text(page.Body))
	}
	page = person.Submit(t, page, map[string]string{"username": "demo", "password": "demo-password"})
	d.Clock.Advance(5*time.Minute + time.Second) // the consent page is left open: sign in once more, and be done
	page = person.Submit(t, page, map[string]string{"decision": "allow"})
	if !strings.Contains(page.Body, `name="password"`) {
		t.Fatalf("allowed too long after the sign-in: %d to %q", page.Status, page.Location)
	}
	page = person.Submit(t, page, map[string]string{"username": "demo", "password": "demo-password"})
	if page.Status != http.StatusSeeOther || page.Query(t).Get("code") == "" {
		t.Errorf("%d to %q", page.Status, page.Location)
	}
}

// Editors such as VS Code own a scheme without a dot. The operator's setting allows it, by name.
func TestF_S03_AnEditorsSchemeIsAllowedByASetting(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.RedirectSchemes = []string{"vscode"} })
	const back = "vscode://publisher.extension/callback"
	editor := oauth.Client{ID: "editor", Method: oauth.AuthNone, GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{back}}
	party, person := d.Register(t, editor), testkit.NewPerson(t)
	page := person.Authorize(t, party.AuthorizeURL(map[string]string{"redirect_uri": back, "scope": "read"}))
	if !strings.HasPrefix(page.Location, back+"?") || page.Query(t).Get("code") == "" {
		t.Errorf("%d to %q", page.Status, page.Location)
	}
	registry := d.App.Direct().Registry
	for _, uri := range []string{"cursor://x/callback", "vscode-insiders://x", "javascript:alert(1)", "myapp:/cb"} {
		change := func(c *oauth.Client) error { c.RedirectURIs = []string{back, uri}; return nil }
		if _, err := registry.Change(t.Context(), "editor", change); err == nil || oauth.AsError(err).Code != oauth.InvalidRedirectURI {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestANameBelowLocalhostIsThisDevice(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	const back = "http://shop.localhost:3000/callback"
	party, person := d.Register(t, oauth.Client{GrantTypes: []string{oauth.GrantAuthorizationCode}, RedirectURIs: []string{back}}), testkit.NewPerson(t)
	page := person.Submit(t, person.Follow(t, party.AuthorizeURL(map[string]string{"redirect_uri": back})), map[string]string{"username": "demo", "password": "demo-password"})
	if !strings.Contains(page.Body, "on your own computer") {
		t.Errorf("the consent page does not say where it leads: %s", testkit.Text(page.Body))
	}
	if page = person.Submit(t, page, map[string]string{"decision": "allow"}); !strings.HasPrefix(page.Location, back+"?code=") {
		t.Errorf("%d to %q", page.Status, page.Location)
	}
}

// idToken signs a person in and returns their ID token for a client.
func idToken(t *testing.T, party testkit.Party, person *testkit.Person) string {
	t.Helper()
	answer := party.Redeem(t, party.Code(t, person, map[string]string{"scope": "openid read"}))
	if answer.Text("id_token") == "" {
		t.Fatalf("no ID token: %s", answer.Raw)
	}
	return answer.Text("id_token")
}

func grace(t *testing.T, d *testkit.Daemon) *testkit.Person {
	t.Helper()
	const password = "the password of grace"
	if _, err := d.App.Direct().Directory.Create(t.Context(), "grace", password, "", ""); err != nil {
		t.Fatal(err)
	}
	person := testkit.NewPerson(t)
	person.Name, person.Password = "grace", password
	return person
}

// S14, OIDC Core §3.1.2.1: the person that the client expects, or nobody.
func TestF_S14_TheHintNamesWhoMayAnswer(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, demo := d.Demo(), testkit.NewPerson(t)
	other := grace(t, d)
	ofDemo, ofGrace := idToken(t, party, demo), idToken(t, party, other)
	ask := func(hint, prompt string) string {
		return party.AuthorizeURL(map[string]string{"scope": "openid read", "prompt": prompt, "id_token_hint": hint})
	}
	if got := demo.Get(t, ask(ofDemo, "none")).Query(t); got.Get("code") == "" {
		t.Errorf("one's own hint: %v", got)
	}
	sentBack(t, d, demo.Get(t, ask(ofGrace, "none")), oauth.LoginRequired, "a-state")
	sentBack(t, d, testkit.NewPerson(t).Get(t, ask(ofGrace, "none")), oauth.LoginRequired, "a-state")

	page := demo.Follow(t, ask(ofGrace, ""))
	if !strings.Contains(page.Body, `value="grace"`) || !strings.Contains(page.Body, `name="password"`) {
		t.Fatalf("another person is signed in: %d %s", page.Status, testkit.Text(page.Body))
	}
	sentBack(t, d, demo.Submit(t, page, map[string]string{"username": "demo", "password": demo.Password}), oauth.LoginRequired, "a-state")
	page = demo.Follow(t, ask(ofGrace, ""))
	page = demo.Submit(t, page, map[string]string{"username": "grace", "password": other.Password})
	if page.Query(t).Get("code") == "" {
		t.Errorf("whom the hint names signs in: %d to %q", page.Status, page.Location)
	}
	// By POST from another site, too, where the hint is long and the cookies are missing.
	sent := postFromElsewhere(t, d, ask(ofDemo, "none"))
	sentBack(t, d, demo.Get(t, d.Base+sent.Location), oauth.LoginRequired, "a-state") // grace is signed in here by now
}

func TestF_S14_AnExpiredHintAndARotatedKeyCount(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party, person := d.Demo(), testkit.NewPerson(t)
	hint := idToken(t, party, person)
	if err := d.App.Direct().Ring.Rotate(t.Context(), "sign"); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(30 * time.Minute)
	quiet := map[string]string{"scope": "openid read", "prompt": "none", "id_token_hint": hint}
	if got := person.Get(t, party.AuthorizeURL(quiet)).Query(t); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestF_S14_AForgedHintIsAnError(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Keys.Algorithm = "RS256" })
	party, person := d.Demo(), testkit.NewPerson(t)
	own := idToken(t, party, person)
	another := d.Register(t, oauth.Client{ID: "another", GrantTypes: []string{oauth.GrantAuthorizationCode}})
	head, body, _ := strings.Cut(own, ".")
	body, signature, _ := strings.Cut(body, ".")
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	stranger, err := jose.Generate(jose.ES256)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := stranger.Sign("JWT", map[string]any{"iss": d.Base, "sub": "7d44f3f0-0000-4000-8000-000000000001", "aud": party.ID})
	if err != nil {
		t.Fatal(err)
	}
	access := party.Redeem(t, party.Code(t, person, nil)).Text("access_token")
	for name, hint := range map[string]string{
		"another key":              forged,
		"no algorithm":             encode(`{"alg":"none","typ":"JWT"}`) + "." + body + ".",
		"another algorithm":        encode(`{"alg":"HS256","typ":"JWT"}`) + "." + body + "." + signature,
		"another body":             head + "." + encode(`{"iss":"`+d.Base+`","sub":"x","aud":"demo"}`) + "." + signature,
		"issued to another client": idToken(t, another, testkit.NewPerson(t)),
		"an access token":          access,
		"nonsense":                 "nonsense",
		"far too many dots":        strings.Repeat(".", 4000),
		"too long":                 own + strings.Repeat("A", 4096),
	} {
		for _, prompt := range []string{"none", ""} {
			t.Run(name+" prompt="+prompt, func(t *testing.T) {
				page := person.Get(t, party.AuthorizeURL(map[string]string{"scope": "openid read", "prompt": prompt, "id_token_hint": hint}))
				if page.Status != http.StatusSeeOther {
					t.Errorf("%s: %d", name, page.Status)
					return
				}
				sentBack(t, d, page, oauth.InvalidRequest, "a-state")
			})
		}
	}
}
