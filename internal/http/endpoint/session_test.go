package endpoint_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
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

// leave signs a person out on the page.
func leave(t *testing.T, d *testkit.Daemon, person *testkit.Person) {
	t.Helper()
	if page := person.Submit(t, person.Get(t, d.Base+"/logout"), nil); page.Status != http.StatusOK {
		t.Fatalf("signing out: %d %s", page.Status, testkit.Text(page.Body))
	}
}

func refreshes(t *testing.T, party testkit.Party, issued testkit.Answer) bool {
	t.Helper()
	answer := party.Refresh(t, issued.Text("refresh_token"))
	if answer.Status != http.StatusOK && answer.Text("error") != "invalid_grant" {
		t.Fatalf("refreshing: %d %s", answer.Status, answer.Raw)
	}
	return answer.Status == http.StatusOK
}

// S07: after a person proved again who they are, sign-out still ends what was given before.
func TestF_S07_ASignOutEndsWhatWasGivenBeforeAReauthentication(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]map[string]string{"prompt=login": {"prompt": "login"}, "max_age": {"max_age": "0"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t)
			party, person := d.Register(t, full("app", oauth.FormatOpaque)), testkit.NewPerson(t)
			first := party.Login(t, person)
			page := person.Follow(t, party.AuthorizeURL(with))
			form := person.Submit(t, page, map[string]string{"username": person.Name, "password": person.Password})
			if form.Query(t).Get("code") == "" {
				t.Fatalf("%s: %s", name, testkit.Text(form.Body))
			}
			leave(t, d, person)
			if refreshes(t, party, first) || party.Active(t, first.Text("access_token")) {
				t.Errorf("%s: the earlier grant lives", name)
			}
		})
	}
}

// P06: offline_access survives a sign-out (OIDC Back-Channel Logout §2.7), unless the client is set otherwise.
func TestF_P06_OfflineAccessSurvivesASignOut(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	register := func(id oauth.ClientID, ends bool) testkit.Party {
		c := full(id, oauth.FormatOpaque)
		c.Scopes, c.SignOutEndsAll = oauth.Scopes{"read", "offline_access"}, ends
		return d.Register(t, c)
	}
	person := testkit.NewPerson(t)
	login := func(party testkit.Party, scope string) testkit.Answer {
		t.Helper()
		return party.Redeem(t, party.Code(t, person, map[string]string{"scope": scope}))
	}
	keeps, ends := register("keeps", false), register("ends", true)
	offline, online, other := login(keeps, "read offline_access"), login(keeps, "read"), login(ends, "read offline_access")
	leave(t, d, person)
	if !refreshes(t, keeps, offline) {
		t.Error("a grant with offline_access ended")
	}
	if refreshes(t, keeps, online) {
		t.Error("a grant without offline_access lives")
	}
	if refreshes(t, ends, other) {
		t.Error("a grant lives whose client is set to end at sign-out")
	}
}

// S19: after a password change the earlier cookie is worth nothing, and the browser has another one.
func TestF_S19_APasswordChangeGivesTheBrowserANewSession(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	h := &heap{d: d, person: testkit.NewPerson(t)}
	h.person.Authorize(t, d.Base+"/login")
	base, err := url.Parse(d.Base)
	if err != nil {
		t.Fatal(err)
	}
	copied := testkit.NewPerson(t)
	before := h.person.Client.Jar.Cookies(base)
	copied.Client.Jar.SetCookies(base, before)
	if page := copied.Get(t, d.Base+"/account"); page.Status != http.StatusOK {
		t.Fatalf("the copied cookie before: %d", page.Status)
	}
	status := h.submit(t, h.person, "/account", url.Values{
		"action": {"change_password"}, "current_password": {h.person.Password}, "new_password": {otherPassword},
	})
	if status != http.StatusSeeOther {
		t.Fatalf("changing the password: %d", status)
	}
	if page := copied.Get(t, d.Base+"/account"); page.Status != http.StatusSeeOther {
		t.Errorf("the copied cookie after: %d", page.Status)
	}
	if page := h.person.Get(t, d.Base+"/account"); page.Status != http.StatusOK {
		t.Errorf("the browser itself after: %d", page.Status)
	}
}
