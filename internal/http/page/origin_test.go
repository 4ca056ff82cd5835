package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/page"
)

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
