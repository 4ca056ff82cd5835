package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// Every page that a person can reach, with everything that an operator can set, in the light and in the dark scheme, on
// a phone and on a desktop.
func TestF_N13_PagesInTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", append(onRedis(redistest.Start(t)), "OAUTH2D_BRAND_NAME=Recipe Kitchen", "OAUTH2D_BRAND_SUPPORT_URL=https://example.com/help",
		"OAUTH2D_BRAND_PRIVACY_URL=https://example.com/privacy", "OAUTH2D_BRAND_TERMS_URL=https://example.com/terms", "OAUTH2D_BRAND_FOOTER=Cooked with care.",
		"OAUTH2D_LIMITS_LOGIN_FAILURES=1/15m",
		`OAUTH2D_SCOPES=[{"name":"read","description":"read your recipes"},{"name":"write","description":"change and delete your recipes"}]`)...)
	s.serve(t)
	app := s.client(t, "pocket", publicApp...)
	app.Scopes = []string{"openid", "profile", "read", "write", "offline_access"}
	s.user(t, "ada", "a long enough password")
	b := open(t, chromium(t), size{"desk", 1280, 800})
	verifier := oauth2.GenerateVerifier()

	b.do(chromedp.Navigate(s.Issuer + "/"))
	b.album("p-home", "This is where you sign in to Recipe Kitchen", "Privacy", "Terms", "Help")
	b.do(chromedp.Navigate(app.request(verifier)))
	b.album("p-login", "Sign in to Pocket Recipes", "Can’t sign in?")
	b.do(chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "a long enough password"))
	b.press("button[type=submit]")
	b.album("p-consent", "Signed in as ada", "Use another account", "change and delete your recipes", "can change things", "your account page")
	b.press(".who a")
	b.album("p-choose", "Continue as ada", "Use another account")
	b.press(".button:not(.secondary)")
	b.sees("p-consent-again", "Pocket Recipes wants to")
	b.do(chromedp.Navigate(app.request(verifier, oauth2.SetAuthURLParam("prompt", "login"))))
	b.album("p-again", "Continue as ada", "Type your password again")
	if at := b.js("document.activeElement.name"); at != "password" {
		t.Errorf("the cursor is in %q", at)
	}
	b.do(chromedp.Navigate(s.Issuer + "/account"))
	b.album("p-account", "The Person ada", "ada@example.com", "Sign out")
	if shown := b.js(`[...document.querySelectorAll("[data-reveal]")].map(x => x.innerText.trim() + "/" + x.textContent.trim()).join("|")`); !strings.HasPrefix(shown, "Show") || strings.Count(shown, "|") != 1 {
		t.Errorf("the buttons that show a password are %q", shown)
	}
	b.do(chromedp.Click("[aria-controls=new_password]"))
	if kind := b.js(`document.querySelector("#new_password").type + document.querySelector("#current_password").type`); kind != "textpassword" {
		t.Errorf("one is shown, but they are %q", kind)
	}
	b.do(chromedp.Navigate(app.request(verifier, oauth2.SetAuthURLParam("redirect_uri", "https://typo.example/"))))
	b.album("p-error", "This link does not work", "redirect_uri does not match", "Get help", "Code for support")
	if title := b.js("document.title"); !regexp.MustCompile("^Error: .* · Recipe Kitchen$").MatchString(title) {
		t.Errorf("the title is %q", title)
	}
	other := open(t, chromium(t), size{"phone", 390, 844})
	for range 2 {
		other.do(chromedp.Navigate(s.Issuer+"/login"), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "not the password"))
		other.press("button[type=submit]")
	}
	other.album("p-slow", "Too many tries", "Try again in")
	other.do(chromedp.Navigate(s.Issuer + "/nothing"))
	other.album("p-missing", "There is nothing here", "Go to your account")
}

// The start page of the dev server, and the page that ends the sign-in of the command line.
func TestF_N04_TheStartPageInTheBrowser(t *testing.T) {
	t.Parallel()
	d := serve(t, nil, "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--redirect-uri", "http://localhost:3000/callback")
	b := open(t, chromium(t), size{"desk", 1280, 800})
	b.do(chromedp.Navigate(d.URL + "/"))
	b.album("q-start", "oauth2d is running", "my-app", "http://localhost:3000/callback")
	b.press("button[type=submit]")
	b.do(chromedp.SendKeys("#username", "demo"), chromedp.SendKeys("#password", "demo-password"))
	b.press("button[type=submit]")
	b.sees("q-consent", "The start page wants to")
	b.press("button[value=allow]")
	b.album("q-tokens", "This is what an app gets", "ID token", "Introspection", "UserInfo")
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > 0 {
		t.Errorf("the browser complains of %q", b.complaints)
	}
}
