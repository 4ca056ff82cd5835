package endpoint_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// postFromElsewhere posts an authorization request as a form on another site does: without our cookies. It
// returns where the browser is sent.
func postFromElsewhere(t *testing.T, d *testkit.Daemon, request string, with ...string) testkit.Page {
	t.Helper()
	u, err := url.Parse(request)
	if err != nil {
		t.Fatal(err)
	}
	form := u.Query()
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	bare := testkit.NewPerson(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Base+"/authorize", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://client.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := bare.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return testkit.Page{Status: answer.StatusCode, URL: r.URL, Header: answer.Header, Location: answer.Header.Get("Location")}
}

// P03: OIDC Core §3.1.2.1 requires POST, and another site's POST carries no SameSite=Lax cookie. The session of
// somebody who is signed in is found all the same.
func TestF_P03_APostFromAnotherSiteFindsTheSession(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person, party := testkit.NewPerson(t), d.Demo()
	party.Code(t, person, map[string]string{"scope": "read"})
	request := party.AuthorizeURL(map[string]string{"scope": "read"})
	for name, prompt := range map[string]string{"nothing is asked": "none", "whatever is needed": ""} {
		t.Run(name, func(t *testing.T) {
			sent := postFromElsewhere(t, d, request, "prompt", prompt)
			if sent.Status != http.StatusSeeOther || !strings.HasPrefix(sent.Location, "/authorize?interaction=") || len(sent.Header.Values("Set-Cookie")) != 0 {
				t.Fatalf("%s: %d to %q, cookies %q", name, sent.Status, sent.Location, sent.Header.Values("Set-Cookie"))
			}
			decided := person.Get(t, d.Base+sent.Location)
			first := decided.Query(t).Get("code")
			if first == "" || decided.Query(t).Get("state") != "a-state" {
				t.Errorf("%s: %s", name, decided.Location)
			}
			if again := person.Get(t, d.Base+sent.Location); again.Query(t).Get("code") != first {
				t.Errorf("%s: loaded again, another code", name)
			}
		})
	}
	sentBack(t, d, person.Get(t, d.Base+postFromElsewhere(t, d, request, "prompt", "none", "scope", "write").Location), "consent_required", "a-state")
	// Without a session, it is decided at the second request: there is no third.
	stranger := testkit.NewPerson(t)
	sentBack(t, d, stranger.Get(t, d.Base+postFromElsewhere(t, d, request, "prompt", "none").Location), "login_required", "a-state")
	if got := stranger.Authorize(t, d.Base+postFromElsewhere(t, d, request).Location); got.Query(t).Get("code") == "" {
		t.Errorf("a stranger who signs in ends at %s", got.Location)
	}
}

func TestF_P03_AnErrorIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	sentBack(t, d, postFromElsewhere(t, d, d.Demo().AuthorizeURL(nil), "response_type", "token"), "unsupported_response_type", "a-state")
	if got := postFromElsewhere(t, d, d.Demo().AuthorizeURL(nil), "redirect_uri", "https://evil.example/"); got.Status != http.StatusBadRequest || got.Location != "" {
		t.Errorf("%d to %q", got.Status, got.Location)
	}
}
