package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestW01_CrossSitePostsAreRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	for _, one := range []struct {
		path string
		with []string
	}{
		{"/login", []string{"username", "demo", "password", password}},
		{"/consent", []string{"decision", "allow"}},
		{"/logout", nil},
	} {
		t.Run(one.path, func(t *testing.T) {
			b, stranger := s.browser(t), s.browser(t)
			forms := map[string]url.Values{"/login": filled(b.get(base + "/login").body)}
			forms["/consent"] = filled(b.consentPage(authorization("prompt", "consent")).body)
			forms["/logout"] = filled(b.get(base + "/logout").body)
			own := forms[one.path].Get("csrf")
			tokens := map[string]string{
				"no": "", "a short": "AAAA", "a noisy": "!", "a bent": bent(own),
				"a stranger's": filled(stranger.get(base + "/login").body).Get("csrf"),
			}
			for path, other := range forms {
				if path != one.path {
					tokens[path+"'s"] = other.Get("csrf")
				}
			}
			send := func() answer { return b.post(base+one.path, withFields(forms[one.path], one.with...)) }
			for name, token := range tokens {
				t.Run(name+" token", func(t *testing.T) {
					forms[one.path].Set("csrf", token)
					if got := send(); got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
						t.Errorf("%s with %s token: %d", one.path, name, got.status)
					}
				})
			}
			forms[one.path].Set("csrf", own)
			for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
				t.Run(header[0]+" "+header[1], func(t *testing.T) {
					b.header = http.Header{header[0]: {header[1]}}
					if got := send(); got.status != http.StatusForbidden {
						t.Errorf("%s with %v: %d", one.path, header, got.status)
					}
				})
			}
			b.header = nil // from the page itself, as none of these was
			if got := send(); got.status != http.StatusSeeOther {
				t.Errorf("%s by itself: %d\n%s", one.path, got.status, got.body)
			}
		})
	}
}

func TestW02_W14_EveryPageIsClosed(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	pages := map[string]answer{"login": b.get(b.get(authorization()).location())}
	pages["consent"] = b.consentPage(authorization())
	pages["account"] = b.get(base + "/account")
	pages["logout"] = b.get(base + "/logout")
	pages["error"] = b.get(authorization("client_id", "nobody"))
	pages["form post"] = b.get(authorization("response_mode", "form_post", "prompt", "none", "scope", "read", "max_age", "0"))
	for name, got := range pages {
		policy := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
		for header, value := range map[string]string{
			"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		} {
			t.Run(name, func(t *testing.T) {
				if got.header.Get(header) != value {
					t.Errorf("%s: %s is %q", name, header, got.header.Get(header))
				}
			})
		}
		for _, foreign := range []string{"<style", " style=", " onclick", " onload", "<script>", `src="http`} {
			if strings.Contains(got.body, foreign) {
				t.Errorf("%s holds %q", name, foreign)
			}
		}
	}
}

func TestW04_Cookies(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(base + "/login")
	signed := b.post(base+"/login", filled(shown.body, "username", "demo", "password", password))
	for when, set := range map[string]string{"before signing in": shown.header.Get("Set-Cookie"), "after it": signed.header.Get("Set-Cookie")} {
		t.Run(when, func(t *testing.T) {
			want(t, set, "; Path=/", "; HttpOnly", "; SameSite=Lax")
			if strings.Contains(set, "Domain") {
				t.Errorf("cookie %q", set)
			}
		})
	}
}

func TestASessionIsNewAtEverySignIn(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	b.signIn()
	first := b.cookie("oauth2d_session")
	login := b.get(b.get(authorization("prompt", "login")).location())
	want(t, login.body, "You are signed in as")
	b.post(base+"/login", filled(login.body, "username", "demo", "password", password))
	second := b.cookie("oauth2d_session")
	if second == first || second == "" {
		t.Error("the session was taken over")
	}
	if _, err := s.sessions.Find(t.Context(), oauth.Token(first)); err == nil {
		t.Error("the earlier session of the browser is still there")
	}
	planted := s.browser(t)
	u, _ := url.Parse(s.server.URL)
	planted.client.Jar.SetCookies(u, []*http.Cookie{{Name: "oauth2d_session", Value: "chosen-by-somebody", Path: "/"}})
	planted.signIn()
	if planted.cookie("oauth2d_session") == "chosen-by-somebody" {
		t.Error("a planted cookie became a session")
	}
}

func TestW06_W08_UnknownWrongAndTooLongLookTheSame(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(base + "/login")
	try := func(name, typed string) answer {
		got := b.post(base+"/login", filled(shown.body, "username", name, "password", typed))
		got.body = strings.ReplaceAll(got.body, `value="`+name+`"`, "")
		return got
	}
	wrong := try("demo", "wrong password")
	for what, got := range map[string]answer{
		"wrong password": wrong, "unknown name": try("nobody", "wrong password"),
		"too long a password": try("demo", strings.Repeat("x", oauth.MaxPassword+1)),
	} {
		t.Run(what, func(t *testing.T) {
			if got.status != http.StatusUnauthorized || got.body != wrong.body {
				t.Errorf("%d differs from %d", got.status, wrong.status)
			}
		})
	}
}

func TestW11_AGetSignsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	b.signIn()
	form := filled(b.get(base + "/logout").body)
	b.get(base + "/logout?" + form.Encode())
	if got := b.get(base + "/account"); got.status != http.StatusOK {
		t.Error("a GET signed the person out")
	}
}

func TestA20_G06_W12_NothingIsMarkup(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	const attack = `"><script>alert(1)</script>`
	s.register(t, oauth.Client{ID: "evil", Name: `<img src=x onerror=1>Google`, RedirectURIs: []string{callback}})
	b := s.browser(t)
	login := b.get(b.get(authorization("client_id", "evil", "state", attack, "login_hint", attack, "ui_locales", attack, "acr_values", attack)).location())
	typed := b.post(base+"/login", filled(login.body, "username", attack, "password", "wrong"))
	signed := b.post(base+"/login", filled(login.body, "username", "demo", "password", password))
	consent := b.get(b.get(signed.location()).location())
	want(t, consent.body, "&lt;img src=x onerror=1&gt;Google", "app.example")
	posted := b.get(authorization("response_mode", "form_post", "prompt", "none", "state", attack))
	want(t, posted.body, `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`)
	broken := b.get(authorization("client_id", attack, "error", attack, "error_description", attack))
	for name, got := range map[string]answer{"login": login, "typed": typed, "consent": consent, "form post": posted, "error": broken} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(got.body, "<script>") || strings.Contains(got.body, "<img src=x") {
				t.Errorf("%s runs what it was sent:\n%s", name, got.body)
			}
		})
	}
	if strings.Contains(broken.body, "alert(1)") {
		t.Error("the page repeats what the address held")
	}
}

func TestG06_InvisibleCharactersOfANameAreDropped(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Brand: page.Brand{Name: "Planner"}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	ok(t, err)
	w := newRecorder()
	ok(t, s.pages.FormPost(w, r, "https://a.example/cb", url.Values{"state": {"\u202eevil"}}))
	want(t, w.Body.String(), "\u202eevil") // a value goes back as it came
	b := s.browser(t)
	s.register(t, oauth.Client{ID: "plain", Name: "plain", RedirectURIs: []string{"https://xn--bcher-kva.example/cb"}})
	shown := b.consentPage(authorization("client_id", "plain", "redirect_uri", "https://xn--bcher-kva.example/cb"))
	want(t, shown.body, `<bdi class="name">plain</bdi>`, `<bdi class="name">xn--bcher-kva.example</bdi>`)
}

func TestW13_PostsAnswer303(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(base + "/login")
	got := b.post(base+"/login", filled(shown.body, "username", "demo", "password", password))
	if got.status != http.StatusSeeOther || got.body != "" {
		t.Errorf("%d %q", got.status, got.body)
	}
}

func TestA18_FormPostPage(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	got := s.browser(t).get(authorization("response_mode", "form_post", "prompt", "none"))
	want(t, got.body, `action="https://app.example/callback?x=1"`, `name="error" value="login_required"`, `name="state" value="s-1"`, `name="iss"`, `type="submit"`)
	want(t, got.header.Get("Content-Security-Policy"), "script-src 'self'", "form-action 'self' https://app.example")
}

func TestFormsMayLeadToTheClient(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	for uri, sources := range map[string]string{
		"https://app.example/cb":       "form-action 'self' https://app.example https:;",
		"http://127.0.0.1:5000/cb":     "form-action 'self' http://127.0.0.1:5000 http://127.0.0.1:* http://localhost:* https:;",
		"http://[::1]:5000/cb":         "form-action 'self' http: https:;",
		"com.example.app:/cb":          "form-action 'self' com.example.app:;",
		"https://a.example;x 'unsafe'": "form-action 'self';",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		ok(t, err)
		w := newRecorder()
		ok(t, s.pages.FormPost(w, r, uri, nil))
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, sources) {
			t.Errorf("%s: %s", uri, got)
		}
		if strings.Contains(w.Body.String(), "Zgotmpl") {
			t.Errorf("%s: the address was blanked", uri)
		}
	}
}

// A30, F_P02: what another browser was given begins again there. Nothing that was decided in the first one counts,
// and no form of it is accepted.
func TestA30_AnInteractionBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	victim, thief := s.browser(t), s.browser(t)
	shown := victim.consentPage(authorization("prompt", "consent"))
	form := filled(shown.body, "decision", "allow")
	thief.signIn()
	if got := thief.post(base+"/consent", form); got.status != http.StatusForbidden {
		t.Errorf("the victim's form in another browser: %d to %q", got.status, got.location())
	}
	allowed := victim.post(base+"/consent", form).location()
	for _, path := range []string{base + "/login?", base + "/consent?", base + "/authorize?"} {
		t.Run(path, func(t *testing.T) {
			at := path + strings.SplitN(allowed, "?", 2)[1]
			for range 3 { // to the authorization endpoint, and on
				at = thief.get(at).location()
				if strings.HasPrefix(at, base+"/consent?") {
					break
				}
			}
			if !strings.HasPrefix(at, base+"/consent?") || strings.Contains(allowed, strings.SplitN(at, "?", 2)[1]) {
				t.Errorf("%s leads to %q", path, at)
			}
		})
	}
	broken := thief.get(allowed + "x")
	if broken.status != http.StatusBadRequest || broken.location() != "" {
		t.Errorf("%d to %q", broken.status, broken.location())
	}
	if back := victim.get(allowed); !strings.HasPrefix(back.location(), "https://app.example/") {
		t.Errorf("the victim's own goes to %q", back.location())
	}
}

func TestA31_TheFormCannotChangeTheRequest(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.consentPage(authorization("scope", "read"))
	allowed := b.post(base+"/consent", filled(shown.body, "decision", "allow", "scope", "openid email read", "redirect_uri", "https://evil.example/"))
	back := b.get(allowed.location())
	if !strings.HasPrefix(back.location(), "https://app.example/") {
		t.Errorf("sent to %q", back.location())
	}
	if more := b.get(authorization("scope", "email")); !strings.HasPrefix(more.location(), base+web.PathConsent) {
		t.Errorf("the form widened the consent: %q", more.location())
	}
}

func TestAConsentFormBelongsToOnePerson(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	_, err := s.people.Create(t.Context(), "grace", password, "", "")
	ok(t, err)
	b := s.browser(t)
	shown := b.consentPage(authorization())
	signIn := func(name string) {
		login := b.get(b.get(authorization("prompt", "login")).location())
		b.post(base+"/login", filled(login.body, "username", name, "password", password))
	}
	signIn("grace") // the same browser, another person
	if got := b.post(base+"/consent", filled(shown.body, "decision", "allow")); got.status != http.StatusForbidden {
		t.Errorf("a form of another person was accepted: %d", got.status)
	}
	signIn("demo") // F_P01: the same person in a new session, as after a sign-in in another tab
	got := b.get(b.post(base+"/consent", filled(shown.body, "decision", "allow")).location())
	if !strings.HasPrefix(got.location(), "https://app.example/") {
		t.Errorf("a form of the same person leads to %q", got.location())
	}
}

// bent is a text that differs in its first character.
func bent(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}
