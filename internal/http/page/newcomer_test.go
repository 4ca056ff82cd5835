package page_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// A newcomer sees what an app gets with three clicks, and nothing of it stands in the address bar.
func TestF_N04_TheStartPageSignsInAndShowsTheTokens(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]testkit.Option{
		"plain":       func(*config.Config) {},
		"with prefix": func(c *config.Config) { c.Server.EndpointPrefix = "/oauth2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.Start(t, option)
			person := testkit.NewPerson(t)
			shown := person.Get(t, d.Base+"/")
			want(t, shown.Body, "oauth2d is running", "demo-password", "--redirect-uri http://localhost:3000/callback")
			login := person.Submit(t, shown, nil)
			consent := person.Submit(t, login, map[string]string{"username": "demo", "password": "demo-password"})
			want(t, consent.Body, "The start page", "wants to")
			got := person.Submit(t, consent, map[string]string{"decision": "allow"})
			want(t, got.Body, "This is what an app gets", "ID token", "&#34;iss&#34;: &#34;"+d.Base, "&#34;alg&#34;", "Access token", "&#34;active&#34;: true",
				"Refresh token", "UserInfo", "demo@example.com")
			if got.Status != http.StatusOK || got.URL.Path != "/" || got.URL.RawQuery != "" {
				t.Errorf("%d at %s", got.Status, got.URL)
			}
			if policy := got.Header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %s", policy)
			}
			if other := testkit.NewPerson(t).Get(t, d.Base+"/"); strings.Contains(other.Body, "Access token") {
				t.Error("another browser sees the tokens")
			}
			if forged := person.Get(t, d.Base+"/callback?code=x&state=y"); forged.Status != http.StatusBadRequest {
				t.Errorf("an answer with another state: %d", forged.Status)
			}
			denied := person.Submit(t, person.Get(t, d.Base+"/"), nil)
			if strings.Contains(denied.Body, `value="deny"`) {
				denied = person.Submit(t, denied, map[string]string{"decision": "deny"})
				want(t, denied.Body, "The sign-in failed", "access_denied")
			}
		})
	}
}

// In production the issuer's own address is a small page that leads on, and nothing takes a code.
func TestF_N14_TheIssuersOwnAddressIsAPage(t *testing.T) {
	t.Parallel()
	for path, statuses := range map[string]map[string]int{
		"":      {"/": http.StatusOK, page.DemoCallback: http.StatusNotFound},
		"/auth": {"/auth": http.StatusOK, "/auth/": http.StatusOK, "/auth" + page.DemoCallback: http.StatusNotFound, "/": http.StatusNotFound},
	} {
		d := testkit.Start(t, func(c *config.Config) { c.Dev, c.Issuer = false, "http://127.0.0.1:8080"+path })
		for address, status := range statuses {
			got := testkit.NewPerson(t).Get(t, "http://"+d.App.Addr()+address)
			if got.Status != status {
				t.Errorf("%s: %d", address, got.Status)
			}
			if status == http.StatusOK {
				want(t, got.Body, "<h1>This is where you sign in to", `href="`+path+`/account"`, `href="`+path+`/.well-known/openid-configuration"`)
			}
		}
		if posted := testkit.NewPerson(t).PostForm(t, "http://"+d.App.Addr()+path+"/", nil); posted.Status != http.StatusMethodNotAllowed {
			t.Errorf("a post: %d", posted.Status)
		}
	}
}

func TestF_N13_EveryErrorPageOffersTheNextStep(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) {
		c.Brand.SupportURL = "https://help.example/"
		c.Limits.LoginFailures = "1/10m"
	})
	d.Register(t, oauth.Client{ID: "web", Name: "Recipe Web", Type: oauth.AppWeb, RedirectURIs: []string{"https://recipes.example/cb"}, GrantTypes: []string{oauth.GrantAuthorizationCode}})
	person := testkit.NewPerson(t)
	party := testkit.Party{Base: d.Base, ID: "web"}
	pages := map[string]struct {
		page testkit.Page
		want []string
	}{
		"request":   {person.Get(t, party.AuthorizeURL(map[string]string{"redirect_uri": "https://typo.example/"})), []string{`href="https://recipes.example/"`, "Back to", "Recipe Web"}},
		"stale":     {person.Get(t, d.Base+"/login?interaction=bent"), []string{`href="/login"`, "Sign in again"}},
		"forbidden": {person.PostForm(t, d.Base+"/login", url.Values{}), []string{`href=""`, "Open the page again", `href="/login"`}},
		"missing":   {person.Get(t, d.Base+"/logout/nowhere"), []string{`href="/account"`}},
	}
	shown := person.Get(t, d.Base+"/login")
	for range 2 {
		shown = person.Submit(t, person.Get(t, d.Base+"/login"), map[string]string{"username": "demo", "password": "wrong"})
	}
	pages["slow"] = struct {
		page testkit.Page
		want []string
	}{shown, []string{`href=""`, "Try again"}}
	for name, c := range pages {
		if c.page.Status < 400 {
			t.Fatalf("%s: %d", name, c.page.Status)
		}
		want(t, c.page.Body, append(c.want, "<h1>", "<title>Error: ", `href="https://help.example/"`, "Get help")...)
	}
}

// The waiting time is the one that Retry-After has.
func TestF_N13_TheWaitingTimeIsExact(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	for seconds, text := range map[string]string{
		"1": "Try again in 1 second.", "59": "Try again in 59 seconds.", "60": "Try again in 1 minute.", "870": "Try again in 14 minutes and 30 seconds.",
		"900": "Try again in 15 minutes.", "3600": "Try again in 1 hour.", "5460": "Try again in 1 hour and 31 minutes.", "7199": "Try again in 2 hours.",
		"": "Wait a moment",
	} {
		w := newRecorder()
		if seconds != "" {
			w.Header().Set("Retry-After", seconds)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/login", http.NoBody)
		ok(t, err)
		s.pages.Error(w, r, http.StatusTooManyRequests, oauth.Refuse(oauth.SlowDown, "too many", nil), "id")
		want(t, w.Body.String(), text)
	}
}

func TestF_N13_ConsentSaysWhoAndWhatWrites(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Scopes: []page.Scope{
		{Name: "openid", Description: "know who you are"}, {Name: "read", Description: "read your recipes"}, {Name: "odd", Description: "cook for you", Writes: true},
	}})
	shown := s.browser(t).consentPage(authorization()).body
	last := -1
	for _, text := range []string{"demo", "Use another account", "wants to", "cook for you", "can change things", "know who you are", "read your recipes", `href="/auth/account"`} {
		at := strings.Index(shown, text)
		if at <= last {
			t.Errorf("%q stands at %d, after %d", text, at, last)
		}
		last = at
	}
	if strings.Count(shown, "can change things") != 1 || strings.Contains(shown, "m5 10.5") {
		t.Errorf("marks or ticks:\n%s", shown)
	}
}

// Somebody who is signed in goes on as who they are, or as somebody else: at once where the request allows
// it, with the password where it was asked for.
func TestF_N13_ContinueAsOrAnotherAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	consent := b.consentPage(authorization())
	other := html.UnescapeString(regexp.MustCompile(`<a href="(/auth/login\?[^"]+)">Use another account`).FindStringSubmatch(consent.body)[1])
	chooser := b.get(other)
	want(t, chooser.body, "Continue as", "demo", "Use another account")
	if strings.Contains(chooser.body, `name="password"`) {
		t.Error("a password is asked for that is not needed")
	}
	links := regexp.MustCompile(`class="button[^"]*" href="([^"]+)"`).FindAllStringSubmatch(chooser.body, -1)
	if back := b.get(html.UnescapeString(links[0][1])); !strings.HasPrefix(back.location(), base+"/consent?") {
		t.Errorf("continuing leads to %q", back.location())
	}
	want(t, b.get(html.UnescapeString(links[1][1])).body, `name="password"`, `id="username"`)

	again := b.get(b.get(authorization("prompt", "login")).location())
	want(t, again.body, "Continue as", "Type your password again", `value="demo" autocomplete="username" readonly hidden`, "Use another account")
	wrong := b.post(base+"/login", filled(again.body, "username", "demo", "password", "not this one"))
	want(t, wrong.body, "<title>Error: Sign in to Recipe Planner", "Continue as", "Use another account")
	right := b.post(base+"/login", filled(wrong.body, "username", "demo", "password", password))
	if asked := b.get(right.location()); !strings.HasPrefix(asked.location(), base+"/consent?") {
		t.Errorf("signed in again: %q", asked.location())
	}
}

func TestF_N13_TheAccountSaysWhoItIs(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	here, there := signedIn(t, d), signedIn(t, d)
	d.Demo().Login(t, here)
	shown := here.Get(t, d.Base+"/account").Body
	want(t, shown, "Demo User", "demo@example.com", "Sign out everywhere else", "Remove access", `name="username" type="text" value="demo" autocomplete="username" readonly hidden`)
	if n := strings.Count(shown, "data-reveal"); n != 2 || !strings.Contains(shown, "<script src=") {
		t.Errorf("%d buttons show a password", n)
	}
	press(t, d, here, "end_others", nil)
	want(t, there.Follow(t, d.Base+"/account").Body, "You were signed out here", `name="password"`)
	if strings.Contains(testkit.NewPerson(t).Get(t, d.Base+"/login").Body, "You were signed out") {
		t.Error("somebody who never was signed in is told that they were signed out")
	}
}

// A person who speaks to the computer says what they see (WCAG 2.5.3): no name of a control replaces its text.
func TestF_N13_NamesContainTheVisibleText(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	person := signedIn(t, d)
	pages := map[string]string{
		"login": testkit.NewPerson(t).Get(t, d.Base+"/login").Body, "consent": person.Follow(t, d.Demo().AuthorizeURL(nil)).Body,
	}
	d.Demo().Login(t, person)
	signedIn(t, d)
	pages["account"] = person.Get(t, d.Base+"/account").Body
	for name, body := range pages {
		if strings.Contains(body, "aria-label=") {
			t.Errorf("%s: a control's name replaces its text", name)
		}
		root, err := html.Parse(strings.NewReader(body))
		ok(t, err)
		for node := range root.Descendants() {
			if node.Data == "button" && (node.FirstChild == nil || strings.TrimSpace(testkit.Text(text(node))) == "") {
				t.Errorf("%s: a button without a text", name)
			}
		}
	}
	want(t, pages["account"], `>Sign out<span class="vh">: `, `>Remove access<span class="vh">: `)
	want(t, pages["login"], `<span>Show</span> <span class="vh">Password</span>`)
}

func text(node *html.Node) string {
	var all strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
	}
	return all.String()
}

func TestF_N13_TitlesNameTheTask(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(b.get(authorization()).location())
	want(t, shown.body, "<title>Sign in to Recipe Planner · ")
	want(t, b.post(base+"/login", filled(shown.body, "username", "demo", "password", "")).body, "<title>Error: Sign in to Recipe Planner · ")
	want(t, b.get(authorization("client_id", "nobody")).body, "<title>Error: This link does not work · ")
}

func TestF_N13_TheFootAndTheWayToHelp(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Brand: page.Brand{
		SupportURL: "https://help.example/", PrivacyURL: "https://example.com/privacy", TermsURL: "https://example.com/terms",
	}})
	shown := s.browser(t).get(base + "/login").body
	want(t, shown, `<a href="https://example.com/privacy">Privacy</a>`, `<a href="https://example.com/terms">Terms</a>`,
		`<label for="password">Password</label><a href="https://help.example/">Can’t sign in?</a>`)
	for _, bad := range []page.Brand{{PrivacyURL: "http://example.com/"}, {TermsURL: "mailto:x@example.com"}, {TermsURL: "https:"}} {
		if err := s.pages.Use(page.Look{Brand: bad}); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// What has a background alone has no border in forced colours, and an icon in px does not grow with the text.
func TestF_N13_BordersInForcedColoursAndIconsInEm(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(base + "/login")
	style := b.get(regexp.MustCompile(`href="([^"]+\.css)"`).FindStringSubmatch(shown.body)[1]).body
	want(t, style, "forced-colors: active", ".scopes svg { flex: none; width: 1.25em; height: 1.25em;", ".brand img { flex: none; width: 2em; height: 2em;")
	for rule := range strings.SplitSeq(style, "}") {
		name, body, _ := strings.Cut(rule, "{")
		if strings.Contains(body, "background: var(--") && strings.Contains(body, "-soft)") && !strings.Contains(body, "border: 1px") &&
			!strings.Contains(style, strings.TrimSpace(name)+", ") && !strings.Contains(style, ", "+strings.TrimSpace(name)) && !strings.Contains(name, ".scopes .mark") {
			t.Errorf("%s has no border in forced colours", strings.TrimSpace(name))
		}
	}
}

// Languages of earlier releases still load: their retired keys are ignored.
func TestF_N13_RetiredMessagesAreIgnored(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	ok(t, s.pages.Use(page.Look{Messages: fstest.MapFS{"de.json": {Data: []byte(`{"consent.switch": "Nicht du?", "login.submit": "Anmelden"}`)}}}))
}
