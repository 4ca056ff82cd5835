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
