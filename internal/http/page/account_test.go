package page_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// signedIn is a person with a browser of their own.
func signedIn(t *testing.T, d *testkit.Daemon) *testkit.Person {
	t.Helper()
	person := testkit.NewPerson(t)
	page := person.Submit(t, person.Follow(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "demo-password"})
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "You are signed in as") {
		t.Fatalf("%d %s", page.Status, testkit.Text(page.Body))
	}
	return person
}

// press presses the button of the account page whose form holds all of the texts.
func press(t *testing.T, d *testkit.Daemon, person *testkit.Person, action string, fields map[string]string, texts ...string) testkit.Page {
	t.Helper()
	page := person.Get(t, d.Base+"/account")
	for piece := range strings.SplitSeq(page.Body, "<form ") {
		found := strings.Contains(piece, `value="`+action+`"`)
		for _, text := range texts {
			found = found && strings.Contains(piece, text)
		}
		if !found {
			continue
		}
		one := page
		one.Body = "<form " + piece
		sent := map[string]string{"action": action}
		for name, value := range fields {
			sent[name] = value
		}
		return person.Submit(t, one, sent)
	}
	t.Fatalf("no form for %s %v:\n%s", action, texts, testkit.Text(page.Body))
	return testkit.Page{}
}

func TestEndingAnotherSessionEndsItsTokens(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	party := d.Demo()
	here, there := signedIn(t, d), signedIn(t, d)
	mine, theirs := party.Login(t, here), party.Login(t, there)
	if got := press(t, d, here, "end_session", nil); !strings.Contains(got.Body, "The session has ended.") {
		t.Errorf("%s", testkit.Text(got.Body))
	}
	if page := there.Get(t, d.Base+"/account"); page.Status != http.StatusSeeOther {
		t.Errorf("the ended session is shown %d", page.Status)
	}
	if party.Active(t, theirs.Text("access_token")) || party.Refresh(t, theirs.Text("refresh_token")).Status == http.StatusOK {
		t.Error("the ended session's tokens live")
	}
	if !party.Active(t, mine.Text("access_token")) || party.Refresh(t, mine.Text("refresh_token")).Status != http.StatusOK {
		t.Error("this session's tokens died")
	}
}

func TestEndingAllOthersKeepsThisOne(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	here := signedIn(t, d)
	others := []*testkit.Person{signedIn(t, d), signedIn(t, d)}
	press(t, d, here, "end_others", nil)
	for _, other := range others {
		if other.Get(t, d.Base+"/account").Status == http.StatusOK {
			t.Error("another session lives")
		}
	}
	if here.Get(t, d.Base+"/account").Status != http.StatusOK {
		t.Error("this one ended too")
	}
}

func TestR07_WithdrawingAnAppEndsItsAccess(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := signedIn(t, d)
	kept := d.Register(t, oauth.Client{ID: "kept", Name: "Kept App", GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}})
	gone, stays := d.Demo().Login(t, person), kept.Login(t, person)
	got := press(t, d, person, "withdraw", nil, `name="client" value="demo"`)
	if strings.Contains(got.Body, `name="client" value="demo"`) || !strings.Contains(got.Body, "Kept App") {
		t.Errorf("%s", testkit.Text(got.Body))
	}
	if d.Demo().Active(t, gone.Text("access_token")) || d.Demo().Refresh(t, gone.Text("refresh_token")).Status == http.StatusOK {
		t.Error("the withdrawn app has access")
	}
	if !d.Demo().Active(t, stays.Text("access_token")) {
		t.Error("another app lost its access")
	}
	if page := person.Follow(t, d.Demo().AuthorizeURL(nil)); !strings.Contains(page.Body, `value="allow"`) {
		t.Error("the app is not asked about again")
	}
}

func TestChangingThePassword(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, shortPasswords)
	here, there := signedIn(t, d), signedIn(t, d)
	if got := press(t, d, here, "change_password", map[string]string{"current_password": "wrong-one", "new_password": "another-password"}); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "not your current password") {
		t.Errorf("a wrong password: %d", got.Status)
	}
	if got := press(t, d, here, "change_password", map[string]string{"current_password": "demo-password", "new_password": "short"}); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "at least 8 characters") {
		t.Errorf("a weak password: %d", got.Status)
	}
	if got := press(t, d, here, "change_password", map[string]string{"current_password": "demo-password", "new_password": "demo-password"}); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "Choose another one") {
		t.Errorf("the same password: %d", got.Status)
	}
	if got := press(t, d, here, "change_password", map[string]string{"current_password": "demo-password", "new_password": "another-password"}); !strings.Contains(got.Body, "password has changed") {
		t.Errorf("%d %s", got.Status, testkit.Text(got.Body))
	}
	if there.Get(t, d.Base+"/account").Status == http.StatusOK || here.Get(t, d.Base+"/account").Status != http.StatusOK {
		t.Error("exactly the other session must end")
	}
	fresh := testkit.NewPerson(t)
	form := map[string]string{"username": "demo", "password": "another-password"}
	if got := fresh.Submit(t, fresh.Follow(t, d.Base+"/login"), form); !strings.Contains(got.Body, "You are signed in as") {
		t.Errorf("the new password: %s", testkit.Text(got.Body))
	}
}

// A change of password that breaks off has changed nothing: sent again it does everything.
func TestAPasswordChangesTogetherWithTheEndOfTheOtherSessions(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	here, there := s.browser(t), s.browser(t)
	here.signIn()
	there.signIn()
	form := filled(here.get(base+"/account").body, "action", "change_password", "current_password", password, "new_password", "another-password")
	s.ending.away.Store(true)
	if got := here.post(base+"/account", form); got.status != http.StatusServiceUnavailable {
		t.Errorf("without the store: %d", got.status)
	}
	s.ending.away.Store(false)
	if got := here.post(base+"/account", form); got.status != http.StatusSeeOther {
		t.Errorf("sent again: %d", got.status)
	}
	if there.get(base+"/account").status == http.StatusOK || here.get(base+"/account").status != http.StatusOK {
		t.Error("exactly the other session must end")
	}
}

func TestW01_TheAccountTakesOnlyItsOwnForms(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	here, other := signedIn(t, d), signedIn(t, d)
	_, form, _ := testkit.FirstForm(other.Get(t, d.Base+"/account"))
	form.Set("action", "end_others") // with the token of another session
	if got := here.PostForm(t, d.Base+"/account", form); got.Status != http.StatusForbidden {
		t.Errorf("%d", got.Status)
	}
	if other.Get(t, d.Base+"/account").Status != http.StatusOK {
		t.Error("it took effect")
	}
}

// shortPasswords is the setting behind a second factor: then the demo's own password may be chosen.
func shortPasswords(c *config.Config) { c.Password.MinLength = 8 }

// The pages say how long a new password must be, and why one is refused.
func TestF_S24_ThePagesSayWhyAPasswordIsRefused(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := signedIn(t, d)
	if page := person.Get(t, d.Base+"/account").Body; !strings.Contains(page, `minlength="15"`) || !strings.Contains(page, "At least 15 characters") {
		t.Error("the page does not say how long a password must be")
	}
	for typed, says := range map[string]string{
		"14 characters.": "at least 15 characters", "passwordpassword": "first that anybody would guess", "demo-demo-demo-demo": "consists of your name",
		"oauth2d-demo-2026-": "consists of your name", "a tab\tis none of them": "cannot be part of one",
	} {
		got := press(t, d, person, "change_password", map[string]string{"current_password": "demo-password", "new_password": typed})
		if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, says) {
			t.Errorf("%q: %d, want %q", typed, got.Status, says)
		}
	}
	got := press(t, d, person, "change_password", map[string]string{"current_password": "demo-password", "new_password": "correct horse battery"})
	if !strings.Contains(got.Body, "password has changed") {
		t.Errorf("a good one: %d %s", got.Status, testkit.Text(got.Body))
	}
}
