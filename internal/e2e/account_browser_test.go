package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// A person manages their account: they end the session of another browser, change the password, and choose another
// password when an operator requires it.
func TestAccountInTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "", append(onRedis(redistest.Start(t)), "OAUTH2D_BRAND_NAME=Recipe Kitchen")...)
	s.serve(t)
	app, judge := s.client(t, "pocket", publicApp...), s.client(t, "planner", webApp...)
	const first, second, third = "a long enough password", "an even longer password", "the longest password of all"
	s.user(t, "ada", first)
	browser := chromium(t)
	here, there := open(t, browser, size{"desk", 1280, 800}), open(t, browser, size{"phone", 390, 844})
	mine, theirs := here.enter(app, first), there.enter(app, first)

	here.do(chromedp.Navigate(s.Issuer + "/account"))
	here.album("c-account", "You are signed in as ada", "this one", "Pocket Recipes")
	if n := here.js(`String(document.querySelectorAll("button[value=end_session]").length)`); n != "1" {
		t.Fatalf("%s sessions can be ended", n)
	}
	here.press("button[value=end_session]")
	here.sees("d-ended", "The session has ended.")
	if judge.active(t, theirs.AccessToken) || !judge.active(t, mine.AccessToken) {
		t.Error("exactly the other session's access token must be inactive")
	}
	for token, works := range map[*oauth2.Token]bool{mine: true, theirs: false} {
		got := app.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
		if works != (got.Status == http.StatusOK) || !works && got.Text("error") != "invalid_grant" {
			t.Errorf("a refresh token, of this session %v: %d %s", works, got.Status, got.Raw)
		}
	}
	there.do(chromedp.Navigate(s.Issuer + "/account"))
	there.sees("e-signed-out", "Sign in")

	here.do(chromedp.SendKeys("#current_password", "not the password"), chromedp.SendKeys("#new_password", second))
	here.press("button[value=change_password]")
	here.album("f-account-wrong", "This is not your current password.")
	here.do(chromedp.SendKeys("#current_password", first), chromedp.SendKeys("#new_password", second))
	here.press("button[value=change_password]")
	here.sees("g-changed", "Your password has changed")

	s.cli(t, "", "user", "update", "ada", "--direct", "--must-change")
	there.do(chromedp.Navigate(app.request(oauth2.GenerateVerifier())), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", second))
	there.press("button[type=submit]")
	there.album("h-new-password", "Choose a new password", "ada")
	if at := there.js("document.activeElement.name"); at != "new_password" {
		t.Errorf("the cursor is in %q", at)
	}
	there.do(chromedp.SendKeys("#new_password", second))
	there.press("button[type=submit]")
	there.album("i-same-password", "This is your current password")
	there.do(chromedp.Navigate(s.Issuer + "/account"))
	there.sees("j-not-signed-in", "Sign in")
	again := there.enterChoosing(app, second, third)
	if !judge.active(t, again.AccessToken) || judge.active(t, mine.AccessToken) {
		t.Error("exactly the new sign-in's access token must be active")
	}
	here.do(chromedp.Navigate(s.Issuer + "/account"))
	here.sees("k-signed-out", "Sign in")
	for _, b := range []*tab{here, there} {
		b.mu.Lock()
		if len(b.complaints) > 0 {
			t.Errorf("the browser complains of %q", b.complaints)
		}
		b.mu.Unlock()
	}
}

// enter signs ada in to an application, and returns its tokens.
func (b *tab) enter(app party, password string) *oauth2.Token {
	b.Helper()
	return b.enterChoosing(app, password, "")
}

// enterChoosing does what enter does, and chooses a new password if a page asks for one.
func (b *tab) enterChoosing(app party, password, chosen string) *oauth2.Token {
	b.Helper()
	callback := listenAsClient(b.T, app)
	app.RedirectURL = callback.address
	b.do(chromedp.Navigate(app.request(callback.verifier)), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", password))
	b.press("button[type=submit]")
	if chosen != "" {
		b.do(chromedp.SendKeys("#new_password", chosen))
		b.press("button[type=submit]")
	}
	if strings.Contains(b.js("document.body.innerText"), "wants to") {
		b.press("button[value=allow]")
	}
	b.sees("l-client", "the client has a token: true")
	token := <-callback.tokens
	if token == nil {
		b.Fatal("the client got no token")
	}
	return token
}

// album does what sees does, on a phone and on a desktop, in the light and in the dark scheme, with the whole page.
func (b *tab) album(picture string, words ...string) {
	b.Helper()
	own := b.size
	for _, one := range []size{{"phone", 390, 844}, {"desk", 1280, 800}} {
		for _, light := range []string{"light", "dark"} {
			b.size = one
			b.do(chromedp.EmulateViewport(one.width, one.height), scheme(light))
			b.sees(picture+"-"+light, words...)
			image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%s-%s.png", picture, light, one.name)), image, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.size = own
	b.do(chromedp.EmulateViewport(own.width, own.height), scheme("light"))
}
