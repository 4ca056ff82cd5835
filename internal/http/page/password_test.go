package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const chosen = "a-password-of-my-own"

// asked is a person who typed the right password and is asked for another one.
func asked(t *testing.T, d *testkit.Daemon, address string) (*testkit.Person, testkit.Page) {
	t.Helper()
	person := testkit.NewPerson(t)
	page := person.Submit(t, person.Follow(t, address), map[string]string{"username": "demo", "password": "demo-password"})
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "Choose a new password") {
		t.Fatalf("%d %s", page.Status, testkit.Text(page.Body))
	}
	return person, page
}

func mayEnter(t *testing.T, d *testkit.Daemon, person *testkit.Person) bool {
	t.Helper()
	return person.Get(t, d.Base+"/account").Status == http.StatusOK
}

func TestAForcedChangeComesBeforeTheSignIn(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, shortPasswords)
	party := d.Demo()
	elsewhere := signedIn(t, d)
	tokens := party.Login(t, elsewhere)
	d.MustChange(t, "demo")
	if !mayEnter(t, d, elsewhere) {
		t.Error("a session ended before the sign-in")
	}
	request := party.AuthorizeURL(map[string]string{"scope": "openid read", "prompt": "login consent"})
	person, page := asked(t, d, request)
	if mayEnter(t, d, person) || !strings.Contains(person.Follow(t, request).Body, `name="password"`) {
		t.Fatal("the person is signed in already")
	}
	for typed, says := range map[string]string{"": "at least 8 characters", "short": "at least 8 characters", "demo-password": "Choose another one"} {
		again := person.Submit(t, page, map[string]string{"new_password": typed})
		if again.Status != http.StatusBadRequest || !strings.Contains(again.Body, says) || typed != "" && strings.Contains(again.Body, `"`+typed+`"`) {
			t.Errorf("%q: %d %s", typed, again.Status, testkit.Text(again.Body))
		}
		if reloaded := person.Get(t, again.URL.String()); reloaded.Status != http.StatusOK {
			t.Errorf("loading the answer again: %d", reloaded.Status)
		}
	}
	if !mayEnter(t, d, elsewhere) || mayEnter(t, d, person) {
		t.Error("a password that cannot be chosen changed something")
	}
	d.Clock.Advance(5 * time.Minute)
	consent := person.Submit(t, page, map[string]string{"new_password": chosen})
	if !strings.Contains(consent.Body, `value="allow"`) {
		t.Fatalf("no consent: %d %s", consent.Status, testkit.Text(consent.Body))
	}
	answer := party.Redeem(t, person.Submit(t, consent, map[string]string{"decision": "allow"}).Query(t).Get("code"))
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	at, _ := party.Introspect(t, answer.Text("access_token")).Fields["auth_time"].(float64)
	if since := d.Clock.Now().Sub(time.Unix(int64(at), 0)); since > time.Minute {
		t.Errorf("auth_time is %v ago", since)
	}
	if mayEnter(t, d, elsewhere) || party.Active(t, tokens.Text("access_token")) || party.Refresh(t, tokens.Text("refresh_token")).Text("error") != "invalid_grant" {
		t.Error("the other session or its tokens live")
	}
	if user, err := d.App.Direct().Directory.Find(t.Context(), "demo"); err != nil || user.MustChange {
		t.Errorf("the flag stands: %v", err)
	}
	if facts := d.Facts(t); strings.Count(facts, `"password.change_required"`) != 1 || strings.Count(facts, `"password.changed"`) != 1 {
		t.Errorf("the audit log: %s", facts)
	}
	fresh := testkit.NewPerson(t)
	form := map[string]string{"username": "demo", "password": chosen}
	if got := fresh.Submit(t, fresh.Follow(t, d.Base+"/login"), form); !strings.Contains(got.Body, "You are signed in as") {
		t.Errorf("the new password: %s", testkit.Text(got.Body))
	}
	form["password"] = "demo-password"
	other := testkit.NewPerson(t)
	if got := other.Submit(t, other.Follow(t, d.Base+"/login"), form); got.Status != http.StatusUnauthorized {
		t.Errorf("the old password: %d", got.Status)
	}
}

func TestAForcedChangeWithoutAClientEndsAtTheAccount(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	d.MustChange(t, "demo")
	person, page := asked(t, d, d.Base+"/login")
	twice := page
	if got := person.Submit(t, page, map[string]string{"new_password": chosen}); !strings.Contains(got.Body, "You are signed in as") {
		t.Errorf("%d %s", got.Status, testkit.Text(got.Body))
	}
	got := person.Submit(t, twice, map[string]string{"new_password": "yet-another-password"})
	if !strings.Contains(got.Body, "You are signed in as") || strings.Count(d.Facts(t), `"password.changed"`) != 1 {
		t.Errorf("the form sent twice: %d %s", got.Status, testkit.Text(got.Body))
	}
}

func TestCancelOnThePasswordPageGoesBackToTheClient(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	d.MustChange(t, "demo")
	person, page := asked(t, d, d.Demo().AuthorizeURL(nil))
	_, after, _ := strings.Cut(page.Body, `class="out"><a href="`)
	link, _, found := strings.Cut(after, `"`)
	back := person.Get(t, strings.TrimSuffix(d.Base, page.URL.Path)+strings.ReplaceAll(link, "&amp;", "&"))
	if !found || back.Query(t).Get("error") != "access_denied" {
		t.Errorf("%q leads to %q", link, back.Location)
	}
}

// W01, A30: the step is good for one browser, one page and a short time, and only while the password
// that was proved is the user's.
func TestW01_A30_AForcedChangeCannotBeTakenOver(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	d.MustChange(t, "demo")
	person, page := asked(t, d, d.Demo().AuthorizeURL(nil))
	_, form, _ := testkit.FirstForm(page)
	form.Set("new_password", chosen)
	with := func(name, value string) url.Values {
		bent := url.Values{}
		for field := range form {
			bent.Set(field, form.Get(field))
		}
		bent.Set(name, value)
		return bent
	}
	refused := func(what string, got testkit.Page, status int, says string) {
		t.Helper()
		if got.Status != status || !strings.Contains(got.Body, says) {
			t.Errorf("%s: %d to %q %s", what, got.Status, got.Location, testkit.Text(got.Body))
		}
	}
	target := d.Base + "/password"
	thief := testkit.NewPerson(t)
	_, own, _ := testkit.FirstForm(thief.Get(t, d.Base+"/login"))
	_, elsewhere := asked(t, d, d.Base+"/login")
	_, theirs, _ := testkit.FirstForm(elsewhere)
	refused("no token", person.PostForm(t, target, with("csrf", "")), http.StatusForbidden, "This form was not accepted")
	refused("another form's token", person.PostForm(t, target, with("csrf", own.Get("csrf"))), http.StatusForbidden, "This form was not accepted")
	refused("another browser", thief.PostForm(t, target, form), http.StatusForbidden, "This form was not accepted")
	stale := "This page is too old"
	refused("another browser looks", thief.Get(t, target+"?"+url.Values{"choice": form["choice"]}.Encode()), http.StatusBadRequest, stale)
	refused("another browser's step", person.PostForm(t, target, with("choice", theirs.Get("choice"))), http.StatusBadRequest, stale)
	refused("a bent step", person.PostForm(t, target, with("choice", "A"+form.Get("choice"))), http.StatusBadRequest, stale)
	refused("a request as step", person.PostForm(t, target, with("choice", form.Get("interaction"))), http.StatusBadRequest, stale)
	refused("no step", person.PostForm(t, target, with("choice", "")), http.StatusBadRequest, stale)
	d.Clock.Advance(signin.ContinuationLife + time.Second)
	late := person.Follow(t, d.Base+person.PostForm(t, target, form).Location) // F_P02: the request still waits
	refused("too late", late, http.StatusOK, `name="password"`)

	users := d.App.Direct()
	user, err := users.Directory.Find(t.Context(), "demo")
	ok(t, err)
	edit := func(t *testing.T, to func(*oauth.User)) {
		t.Helper()
		_, _, err := users.Directory.Change(t.Context(), user.ID, func(u *oauth.User) error { to(u); return nil })
		ok(t, err)
	}
	for _, row := range []struct {
		why    string
		change func(t *testing.T)
	}{
		{"the user is disabled", func(t *testing.T) { edit(t, func(u *oauth.User) { u.Disabled = true }) }},
		{"no need any more", func(t *testing.T) { edit(t, func(u *oauth.User) { u.MustChange = false }) }},
		{"somebody else changed it", func(t *testing.T) { // the last one: from here on the user has another password
			_, _, err := users.Directory.SetPassword(t.Context(), user.ID, "what somebody else chose", true)
			ok(t, err)
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			person, page := asked(t, d, d.Base+"/login")
			row.change(t)
			if got := person.Follow(t, page.URL.String()); !strings.Contains(got.Body, `name="password"`) {
				t.Errorf("%s, loading the page again: %d %s", row.why, got.Status, testkit.Text(got.Body))
			}
			if got := person.Submit(t, page, map[string]string{"new_password": chosen}); !strings.Contains(got.Body, `name="password"`) {
				t.Errorf("%s: %d %s", row.why, got.Status, testkit.Text(got.Body))
			}
			edit(t, func(u *oauth.User) { u.Disabled, u.MustChange = false, true })
		})
	}
	if changed := strings.Count(d.Facts(t), `"password.changed"`); changed != 1 {
		t.Errorf("%d passwords were changed, and somebody else's is one", changed)
	}
}

func TestThePasswordPageIsClosed(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	d.MustChange(t, "demo")
	_, page := asked(t, d, d.Demo().AuthorizeURL(nil))
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "form-action 'self' http://127.0.0.1") || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", page.Header)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Base+"/password", http.NoBody)
	ok(t, err)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := testkit.Do(t, request); got.Status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.Status)
	}
}
