package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestSignInAndConsentEndAtTheClient(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Scopes: []page.Scope{{Name: "openid", Description: "know who you are"}, {Name: "read", Description: "read your recipes"}}})
	b := s.browser(t)
	shown := b.consentPage(authorization())
	want(t, shown.body, "Recipe Planner", "app.example", "read your recipes", "<code>odd</code>", "90 days", "7 days")
	if strings.Index(shown.body, "know who you are") > strings.Index(shown.body, "read your recipes") {
		t.Error("the scopes are not in the operator's order")
	}
	allowed := b.post(base+"/consent", filled(shown.body, "decision", "allow"))
	if allowed.status != http.StatusSeeOther {
		t.Fatalf("allow: %d\n%s", allowed.status, allowed.body)
	}
	back := b.get(allowed.location())
	u, err := url.Parse(back.location())
	ok(t, err)
	if u.Host != "app.example" || u.Query().Get("code") == "" || u.Query().Get("state") != "s-1" {
		t.Fatalf("sent to %q", back.location())
	}
	again := b.get(authorization("state", "s-2"))
	if !strings.HasPrefix(again.location(), "https://app.example/") {
		t.Errorf("the consent was not remembered: %q", again.location())
	}
}

func TestDenyTellsTheClient(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.consentPage(authorization())
	denied := b.post(base+"/consent", filled(shown.body, "decision", "deny"))
	if denied.status != http.StatusSeeOther || !strings.Contains(denied.location(), "error=access_denied") {
		t.Errorf("deny: %d to %q", denied.status, denied.location())
	}
	if asked := b.get(authorization()); !strings.HasPrefix(asked.location(), base+"/consent?") {
		t.Errorf("a refusal was remembered as consent: %q", asked.location())
	}
}

func TestAFormThatDecidesNothingAsksAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.consentPage(authorization())
	for _, decision := range []string{"", "Allow", "yes"} {
		got := b.post(base+"/consent", filled(shown.body, "decision", decision))
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), base+"/consent?") {
			t.Errorf("decision %q: %d to %q", decision, got.status, got.location())
		}
	}
}

func TestCancelOnTheSignInPageGoesBackToTheClient(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	login := b.get(authorization()).location()
	cancelled := b.get(login + "&cancel=1")
	if !strings.HasPrefix(cancelled.location(), "https://app.example/") || !strings.Contains(cancelled.location(), "error=access_denied") {
		t.Errorf("cancel: %d to %q", cancelled.status, cancelled.location())
	}
}

func TestSignInWithoutAClientEndsAtTheAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	if got := b.get(base + "/account"); got.location() != base+"/login" {
		t.Errorf("nobody's account leads to %q", got.location())
	}
	b.signIn()
	want(t, b.get(base+"/account").body, "You are signed in as", "demo", `action="/auth/logout"`)
	if got := b.get(base + "/login"); got.location() != base+"/account" {
		t.Errorf("signed in, /login leads to %q", got.location())
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	b.signIn()
	old := b.cookie("oauth2d_session")
	shown := b.get(base + "/logout")
	want(t, shown.body, "Sign out of", `<button class="primary" type="submit">`)
	done := b.post(base+"/logout", filled(shown.body))
	if done.status != http.StatusSeeOther || b.cookie("oauth2d_session") != "" {
		t.Fatalf("sign-out: %d, cookie %q", done.status, b.cookie("oauth2d_session"))
	}
	want(t, b.get(done.location()).body, "You are signed out")
	if _, err := s.sessions.Find(t.Context(), oauth.Token(old)); err == nil {
		t.Error("the session is still there")
	}
}

func TestErrorsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(b.get(authorization("login_hint", "hinted")).location())
	want(t, shown.body, `value="hinted"`, "Sign in to", "Recipe Planner")
	if n := strings.Count(shown.body, `type="submit"`); n != 1 {
		t.Errorf("%d submit buttons on the sign-in page", n)
	}
	empty := b.post(base+"/login", filled(shown.body, "username", "somebody", "password", ""))
	want(t, empty.body, "Type your password", `aria-describedby="no-password"`, `value="somebody"`)
	if empty.status != http.StatusBadRequest {
		t.Errorf("an empty password: %d", empty.status)
	}
	wrong := b.post(base+"/login", filled(empty.body, "username", "somebody", "password", "not-this-one"))
	want(t, wrong.body, `role="alert"`, `value="somebody"`, "autofocus")
	if strings.Contains(wrong.body, "not-this-one") {
		t.Error("the password came back")
	}
	right := b.post(base+"/login", filled(wrong.body, "username", "demo", "password", password))
	if !strings.HasPrefix(right.location(), base+"/authorize?interaction=") {
		t.Errorf("the pending request was lost: %d to %q", right.status, right.location())
	}
}
