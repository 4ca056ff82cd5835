package page_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/authorize"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// cookieless asks for an address as a browser does that has no cookie yet, and returns what it was given.
func (s *stack) cookieless(t *testing.T, path string) (answer, []*http.Cookie) {
	t.Helper()
	bare := s.browser(t)
	bare.client.Jar = nil
	got := bare.get(path)
	return got, (&http.Response{Header: got.header}).Cookies()
}

// Three tabs of a fresh browser send their first request before any has an answer: all three finish.
func TestF_P01_ThreeTabsOfAFreshBrowserFinish(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	u, err := url.Parse(s.server.URL)
	ok(t, err)
	var logins, bodies []string
	for _, state := range []string{"tab-1", "tab-2", "tab-3"} {
		got, cookies := s.cookieless(t, authorization("state", state))
		logins = append(logins, got.location())
		b.client.Jar.SetCookies(u, cookies)
	}
	for _, login := range logins { // all forms are on the screen before the first is sent
		shown := b.get(login)
		if shown.status != http.StatusOK {
			t.Fatalf("%d\n%s", shown.status, shown.body)
		}
		bodies = append(bodies, shown.body)
	}
	var consents []answer
	for _, body := range bodies { // each tab signs in, before any of them decides
		signed := b.post(base+"/login", filled(body, "username", "demo", "password", password))
		asked := b.get(signed.location())
		consents = append(consents, b.get(asked.location()))
	}
	for i, shown := range consents {
		allowed := b.post(base+"/consent", filled(shown.body, "decision", "allow"))
		back := b.get(allowed.location())
		if got, err := url.Parse(back.location()); err != nil || got.Query().Get("code") == "" || got.Query().Get("state") != "tab-"+string(rune('1'+i)) {
			t.Errorf("tab %d ends at %d %q", i+1, back.status, back.location())
		}
	}
}

// The same when the sign-in page itself is the first that several tabs ask for.
func TestF_P01_ThreeSignInPagesAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	u, err := url.Parse(s.server.URL)
	ok(t, err)
	var bodies []string
	for range 3 {
		got, cookies := s.cookieless(t, base+"/login")
		bodies = append(bodies, got.body)
		b.client.Jar.SetCookies(u, cookies)
	}
	for i, body := range bodies {
		if got := b.post(base+"/login", filled(body, "username", "demo", "password", password)); got.location() != base+"/account" {
			t.Errorf("tab %d: %d to %q", i+1, got.status, got.location())
		}
	}
}

// S27: the first page sets the cookie once; a browser that has one gets no other.
func TestF_S27_TheBrowserCookieIsSetOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	for _, path := range []string{base + "/login", authorization()} {
		b := s.browser(t)
		first := b.get(path)
		if got := first.header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "oauth2d_browser.") {
			t.Errorf("%.20s: cookies %q", path, got)
		}
		if again := b.get(path); len(again.header.Values("Set-Cookie")) != 0 {
			t.Errorf("%.20s: again %q", path, again.header.Values("Set-Cookie"))
		}
	}
}

// P02: the address of a sign-in page works in another browser, as a request of that browser.
func TestF_P02_ABookmarkInAnotherBrowser(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	first, second, third := s.browser(t), s.browser(t), s.browser(t)
	bookmark := first.get(authorization()).location()
	shown := second.get(bookmark)
	want(t, shown.body, "Sign in to", "Recipe Planner")
	signed := second.post(base+"/login", filled(shown.body, "username", "demo", "password", password))
	allowed := second.post(base+"/consent", filled(second.get(second.get(signed.location()).location()).body, "decision", "allow"))
	if back := second.get(allowed.location()); !strings.HasPrefix(back.location(), "https://app.example/") {
		t.Errorf("ends at %d %q", back.status, back.location())
	}
	third.signIn() // and where the person is signed in, they need not do it again
	if got := third.get(third.get(bookmark).location()); !strings.HasPrefix(got.location(), "https://app.example/") {
		t.Errorf("signed in, it leads to %d %q", got.status, got.location())
	}
}

// P02: a password that was typed an hour after the page was loaded is not lost.
func TestF_P02_APasswordTypedAfterAnHour(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	for name, with := range map[string]map[string]string{"plain": nil, "sign in again": {"prompt": "login"}} {
		person := testkit.NewPerson(t)
		shown := person.Follow(t, d.Demo().AuthorizeURL(with))
		d.Clock.Advance(authorize.InteractionLife + time.Minute)
		at := person.Submit(t, shown, map[string]string{"username": "demo", "password": "demo-password"})
		if strings.Contains(at.Body, `value="allow"`) {
			d.Clock.Advance(authorize.InteractionLife + time.Minute)
			at = person.Submit(t, at, map[string]string{"decision": "allow"}) // signed out by then, or asked anew
			if strings.Contains(at.Body, `name="password"`) {
				at = person.Submit(t, at, map[string]string{"username": "demo", "password": "demo-password"})
			}
			if strings.Contains(at.Body, `value="allow"`) {
				at = person.Submit(t, at, map[string]string{"decision": "allow"})
			}
		}
		if at.Query(t).Get("code") == "" {
			t.Errorf("%s: %d %s", name, at.Status, at.Location)
		}
	}
}

// A form whose browser cookie is gone is rejected, and the address that rejects it shows the form anew.
func TestF_P02_ASignInFormOfAnEarlierBrowserLife(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(b.get(authorization()).location())
	jar, err := cookiejar.New(nil)
	ok(t, err)
	b.client.Jar = jar // the browser was closed, and brought the page back
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(shown.body)[1]
	got := b.post(action, filled(shown.body, "username", "demo", "password", password))
	if got.status != http.StatusForbidden || b.cookie("oauth2d_session") != "" {
		t.Fatalf("%d, session %q", got.status, b.cookie("oauth2d_session"))
	}
	want(t, got.body, `href=""`)
	again := b.get(action)
	want(t, again.body, "Recipe Planner")
	signed := b.post(base+"/login", filled(again.body, "username", "demo", "password", password))
	if asked := b.get(signed.location()); !strings.HasPrefix(asked.location(), base+"/consent?") {
		t.Errorf("the second time: %d to %q", asked.status, asked.location())
	}
}

// S23: loading the answer again, going back, and pressing twice yield the one code, and then a page that helps.
func TestF_S23_OneCodeHoweverOftenTheFormIsSent(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person, party := testkit.NewPerson(t), d.Demo()
	page := person.Submit(t, person.Follow(t, party.AuthorizeURL(nil)), map[string]string{"username": "demo", "password": "demo-password"})
	var mu sync.Mutex
	var crowd sync.WaitGroup
	codes := map[string]bool{}
	for range 8 {
		crowd.Go(func() {
			code := person.Submit(t, page, map[string]string{"decision": "allow"}).Query(t).Get("code")
			mu.Lock()
			defer mu.Unlock()
			codes[code] = true
		})
	}
	crowd.Wait()
	if len(codes) != 1 || codes[""] {
		t.Fatalf("%d codes", len(codes))
	}
	for code := range codes {
		if got := party.Redeem(t, code); got.Status != http.StatusOK {
			t.Fatalf("the code: %d %s", got.Status, got.Raw)
		}
	}
	back := person.Submit(t, page, map[string]string{"decision": "allow"})
	if back.Status != http.StatusBadRequest || !strings.Contains(back.Body, "already answered this request") {
		t.Fatalf("after the code was redeemed: %d %s", back.Status, testkit.Text(back.Body))
	}
	_, link, _ := strings.Cut(back.Body, `href="/authorize?interaction=`)
	link, _, _ = strings.Cut(link, `"`)
	again := person.Authorize(t, d.Base+"/authorize?interaction="+strings.ReplaceAll(link, "&amp;", "&"))
	if code := again.Query(t).Get("code"); code == "" || codes[code] {
		t.Errorf("starting again: %d %s", again.Status, again.Location)
	}
}

// S17: with prompt=consent, a consent that was given in another tab does not count.
func TestF_S17_PromptConsentIsAnsweredInItsOwnTab(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.consentPage(authorization("prompt", "consent", "scope", "openid read"))
	here := base + "/authorize?" + url.Values{"interaction": {filled(shown.body).Get("interaction")}}.Encode()
	other := b.get(b.get(authorization("prompt", "consent", "scope", "openid")).location())
	if got := b.get(b.post(base+"/consent", filled(other.body, "decision", "allow")).location()); !strings.HasPrefix(got.location(), "https://app.example/") {
		t.Fatalf("the other tab ends at %q", got.location())
	}
	if got := b.get(here); !strings.HasPrefix(got.location(), base+"/consent?") {
		t.Errorf("the other tab's consent counted: %q", got.location())
	}
	if got := b.get(b.post(base+"/consent", filled(shown.body, "decision", "allow")).location()); !strings.HasPrefix(got.location(), "https://app.example/") {
		t.Errorf("its own consent leads to %q", got.location())
	}
}

// P05: cookies do not know ports, and with __Host- no paths: two issuers on one host keep theirs apart.
func TestF_P05_TwoIssuersOnOneHost(t *testing.T) {
	t.Parallel()
	daemons := []*testkit.Daemon{testkit.Start(t), testkit.Start(t)}
	person := testkit.NewPerson(t)
	signIn := func(d *testkit.Daemon) {
		t.Helper()
		person.Submit(t, person.Get(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "demo-password"})
	}
	signIn(daemons[0])
	shown := person.Get(t, daemons[1].Base+"/login")
	signIn(daemons[1])
	for i, d := range daemons {
		if got := person.Get(t, d.Base+"/account"); got.Status != http.StatusOK {
			t.Errorf("daemon %d: signed out: %d to %q", i, got.Status, got.Location)
		}
	}
	if got := person.Submit(t, shown, map[string]string{"username": "demo", "password": "demo-password"}); got.Status != http.StatusOK {
		t.Errorf("a form from before: %d", got.Status)
	}
}

// A browser before Fetch Metadata sends "Origin: null" with our own forms, because the pages send no referrer.
// The form token is the proof: with the right one the form is accepted, with any other it is not, and a
// post that names another site is rejected whatever its token.
func TestF_P04_TheFormTokenIsTheProofWhereTheOriginIsUnknown(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	nowhere := http.Header{"Origin": {"null"}}
	b, stranger := s.browser(t), s.browser(t)
	forms := map[string]url.Values{
		"/login":   filled(b.get(b.get(authorization()).location()).body, "username", "demo", "password", password),
		"/consent": filled(b.consentPage(authorization("prompt", "consent")).body, "decision", "allow"),
		"/account": filled(b.get(base+"/account").body, "action", "end_others"),
		"/logout":  filled(b.get(base + "/logout").body),
	}
	for _, path := range []string{"/consent", "/account", "/login", "/logout"} { // the last two end the session
		own := forms[path].Get("csrf")
		if path == "/logout" { // signed in anew by /login
			forms[path] = filled(b.get(base + "/logout").body)
			own = forms[path].Get("csrf")
		}
		for name, c := range map[string]struct {
			header http.Header
			token  string
		}{
			"no token":             {nowhere, ""},
			"a stranger's token":   {nowhere, filled(stranger.get(base + "/login").body).Get("csrf")},
			"a foreign origin":     {http.Header{"Origin": {"https://evil.example"}}, own},
			"cross-site":           {http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}}, own},
			"same-site":            {http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-site"}}, own},
			"two origins":          {http.Header{"Origin": {"null", "https://evil.example"}}, own},
			"two foreign origins":  {http.Header{"Origin": {"https://evil.example", "null"}}, own},
			"an unheard-of origin": {http.Header{"Origin": {"NULL"}}, own},
		} {
			b.header = c.header
			if got := b.post(base+path, withFields(forms[path], "csrf", c.token)); got.status != http.StatusForbidden {
				t.Errorf("%s, %s: %d", path, name, got.status)
			}
		}
		b.header = nowhere
		if got := b.post(base+path, withFields(forms[path], "csrf", own)); got.status != http.StatusSeeOther {
			t.Errorf("%s by itself: %d\n%s", path, got.status, got.body)
		}
		b.header = nil
	}
}

// A sign-out that another site posts carries no cookie (SameSite=Lax): it must not take one away.
func TestF_P04_ASignOutWithoutCookiesClearsNone(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	other := s.browser(t)
	other.header = http.Header{"Origin": {"null"}}
	got := other.post(base+"/logout", url.Values{})
	if strings.Contains(strings.Join(got.header.Values("Set-Cookie"), " "), "oauth2d_session") {
		t.Errorf("cookies %q", got.header.Values("Set-Cookie"))
	}
}
