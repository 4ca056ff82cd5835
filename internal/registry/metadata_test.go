package registry

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// refusedWith registers a client that is like an allowed one but for one edit.
func refusedWith(t *testing.T, code oauth.Code, what string, edit func(*oauth.Client)) {
	t.Helper()
	s := newStage()
	c := confidential("demo")
	edit(&c)
	_, shown, err := s.replica().Register(t.Context(), c, "")
	if err == nil || oauth.AsError(err).Code != code || shown != "" {
		t.Errorf("%s: %v", what, err)
	}
	if len(s.shelf.clients) != 0 {
		t.Errorf("%s: something was stored", what)
	}
}

func redirectTo(uris ...string) func(*oauth.Client) {
	return func(c *oauth.Client) { c.RedirectURIs = uris }
}

func TestA05_FragmentsAreRefusedAtRegistration(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"https://app.example/cb#x", "https://app.example/cb#"} {
		t.Run(uri, func(t *testing.T) {
			refusedWith(t, oauth.InvalidRedirectURI, uri, redirectTo(uri))
		})
	}
}

func TestA12_DangerousSchemesAreRefusedAtRegistration(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
		"http://app.example/cb", "http://127.0.0.1.evil.example/cb", "//app.example/cb", "/cb", "https:///cb", "",
		"https://user:password@app.example/cb",
	} {
		t.Run(uri, func(t *testing.T) {
			refusedWith(t, oauth.InvalidRedirectURI, uri, redirectTo(uri))
			refusedWith(t, oauth.InvalidRedirectURI, "after logout "+uri, func(c *oauth.Client) { c.PostLogoutURIs = []string{uri} })
		})
	}
}

func TestA13_PrivateSchemeNeedsADot(t *testing.T) {
	t.Parallel()
	refusedWith(t, oauth.InvalidRedirectURI, "no dot", redirectTo("myapp:/cb"))
	c := confidential("demo")
	c.RedirectURIs = []string{"com.example.app:/cb", "http://127.0.0.1/cb", "http://[::1]:8000/cb"}
	if _, _, err := newStage().replica().Register(t.Context(), c, ""); err != nil {
		t.Errorf("reverse DNS and loopback: %v", err)
	}
}

func TestG06_NamesThatPretendAreRefused(t *testing.T) {
	t.Parallel()
	for what, name := range map[string]string{
		"10 KB":             strings.Repeat("x", 10_000),
		"101 characters":    strings.Repeat("ä", 101),
		"RTL override":      "Bank\u202egro.live",
		"isolate":           "Bank\u2067x",
		"zero width":        "Bank\u200b",
		"line break":        "Bank\nAdmin",
		"NUL":               "Bank\x00",
		"line separator":    "Bank\u2028",
		"only spaces":       "   ",
		"invalid UTF-8":     "Bank\xff",
		"private-use glyph": "Bank\ue000",
	} {
		t.Run(what, func(t *testing.T) {
			refusedWith(t, oauth.InvalidClientMetadata, what, func(c *oauth.Client) { c.Name = name })
		})
	}
	for _, name := range []string{strings.Repeat("ä", 100), "<img onerror>", "Рецепты & 料理 🍲"} {
		t.Run(name, func(t *testing.T) {
			c := confidential("demo")
			c.Name = name
			got, _, err := newStage().replica().Register(t.Context(), c, "")
			if err != nil || got.Name != name {
				t.Errorf("%q: %q, %v", name, got.Name, err) // a page escapes what it shows
			}
		})
	}
}

func TestG09_RedirectURIsAreBoundedAndNoWildcards(t *testing.T) {
	t.Parallel()
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("https://app.example/%d", i)
	}
	refusedWith(t, oauth.InvalidRedirectURI, "1000", redirectTo(many...))
	refusedWith(t, oauth.InvalidRedirectURI, "51", redirectTo(many[:51]...))
	refusedWith(t, oauth.InvalidRedirectURI, "wildcard host", redirectTo("https://*.app.example/"))
	refusedWith(t, oauth.InvalidRedirectURI, "wildcard path", redirectTo("https://app.example/*"))
	refusedWith(t, oauth.InvalidRedirectURI, "twice", redirectTo("https://app.example/", "https://app.example/"))
	refusedWith(t, oauth.InvalidRedirectURI, "none", redirectTo())
	refusedWith(t, oauth.InvalidRedirectURI, "too long", redirectTo("https://app.example/"+strings.Repeat("x", 2000)))
	c := confidential("demo")
	c.RedirectURIs = many[:50]
	if _, _, err := newStage().replica().Register(t.Context(), c, ""); err != nil {
		t.Errorf("50: %v", err)
	}
}

func TestT15_PublicClientsHaveNoClientCredentials(t *testing.T) {
	t.Parallel()
	refusedWith(t, oauth.InvalidClientMetadata, "client_credentials", func(c *oauth.Client) { c.Method = oauth.AuthNone })
}

func TestEveryRuleOfTheMetadata(t *testing.T) {
	t.Parallel()
	aMap := func(n int) map[string]string {
		claims := map[string]string{}
		for i := range n {
			claims[fmt.Sprint("claim", i)] = "x"
		}
		return claims
	}
	scopes := make(oauth.Scopes, 65)
	for i := range scopes {
		scopes[i] = fmt.Sprint("s", i)
	}
	for what, edit := range map[string]func(*oauth.Client){
		"unknown method":        func(c *oauth.Client) { c.Method = "private_key_jwt" },
		"unknown type":          func(c *oauth.Client) { c.Type = "desktop" },
		"unknown format":        func(c *oauth.Client) { c.Format = "paseto" },
		"alg none":              func(c *oauth.Client) { c.Algorithm = "none" },
		"alg HS256":             func(c *oauth.Client) { c.Algorithm = "HS256" },
		"unknown rotation":      func(c *oauth.Client) { c.Rotation = "sometimes" },
		"unknown introspection": func(c *oauth.Client) { c.Introspection = "all" },
		"grant not served":      func(c *oauth.Client) { c.GrantTypes = []string{"password"} },
		"implicit":              func(c *oauth.Client) { c.GrantTypes = append(c.GrantTypes, "implicit") },
		"grant twice":           func(c *oauth.Client) { c.GrantTypes = append(c.GrantTypes, oauth.GrantRefreshToken) },
		"refresh alone":         func(c *oauth.Client) { c.GrantTypes = []string{oauth.GrantRefreshToken} },
		"scope with a quote":    func(c *oauth.Client) { c.Scopes = oauth.Scopes{`re"ad`} },
		"scope with a space":    func(c *oauth.Client) { c.Scopes = oauth.Scopes{"read write"} },
		"scope that is empty":   func(c *oauth.Client) { c.Scopes = oauth.Scopes{""} },
		"scope twice":           func(c *oauth.Client) { c.Scopes = oauth.Scopes{"read", "read"} },
		"65 scopes":             func(c *oauth.Client) { c.Scopes = scopes },
		"default beyond":        func(c *oauth.Client) { c.DefaultScopes = oauth.Scopes{"admin"} },
		"relative resource":     func(c *oauth.Client) { c.Resources = []string{"/api"} },
		"51 resources":          func(c *oauth.Client) { c.Resources = make([]string, 51) },
		"empty audience":        func(c *oauth.Client) { c.Audience = []string{""} },
		"21 audiences":          func(c *oauth.Client) { c.Audience = make([]string, 21) },
		"code for an hour":      func(c *oauth.Client) { c.Lifetimes.Code = time.Hour },
		"negative life":         func(c *oauth.Client) { c.Lifetimes.Access = -1 },
		"access for a week":     func(c *oauth.Client) { c.Lifetimes.Access = 7 * 24 * time.Hour },
		"refresh for ever":      func(c *oauth.Client) { c.Lifetimes.RefreshIdle = 1 << 62 },
		"refresh at last":       func(c *oauth.Client) { c.Lifetimes.RefreshAbsolute = 1 << 62 },
		"claim sub":             func(c *oauth.Client) { c.Claims = map[string]string{"sub": "admin"} },
		"claim exp":             func(c *oauth.Client) { c.Claims = map[string]string{"exp": "9999999999"} },
		"claim without name":    func(c *oauth.Client) { c.Claims = map[string]string{"": "x"} },
		"long claim":            func(c *oauth.Client) { c.Claims = map[string]string{"x": strings.Repeat("x", 257)} },
		"21 claims":             func(c *oauth.Client) { c.Claims = aMap(21) },
		"UUID":                  func(c *oauth.Client) { c.ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8" },
		"UUID in capitals":      func(c *oauth.Client) { c.ID = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8" },
		"UUID without dashes":   func(c *oauth.Client) { c.ID = "6ba7b8109dad11d180b400c04fd430c8" },
		"id with a colon":       func(c *oauth.Client) { c.ID = "a:b" },
		"id that is a URL":      func(c *oauth.Client) { c.ID = "https://app.example/client" },
		"id of 65 characters":   func(c *oauth.Client) { c.ID = oauth.ClientID(strings.Repeat("x", 65)) },
		"public asks about any": func(c *oauth.Client) { *c = public("x"); c.Introspection = oauth.IntrospectAny },
		"public never rotates":  func(c *oauth.Client) { *c = public("x"); c.Rotation = oauth.RotateNever },
	} {
		refusedWith(t, oauth.InvalidClientMetadata, what, edit)
	}
}

func TestRegisterFillsInTheDefaults(t *testing.T) {
	t.Parallel()
	s := newStage()
	given := oauth.Client{
		RedirectURIs: []string{"https://app.example/cb"}, Revision: 7,
		Secrets: []oauth.Secret{{ID: "smuggled", Scheme: oauth.SchemeArgon2id, Hash: "x"}},
	}
	c, shown, err := s.replica().Register(t.Context(), given, "")
	must(t, err)
	if !regexp.MustCompile(`^c_[A-Za-z0-9_-]{20}$`).MatchString(string(c.ID)) {
		t.Errorf("id %q", c.ID)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(shown.Reveal()) {
		t.Error("the secret has not 256 bits that need no encoding")
	}
	if c.Name != string(c.ID) || c.Method != oauth.AuthBasic || c.Type != oauth.AppWeb || c.Format != oauth.FormatOpaque ||
		!c.MayUse(oauth.GrantAuthorizationCode) || len(c.GrantTypes) != 1 || c.Revision != 1 ||
		!c.Created.Equal(s.now()) || len(c.Secrets) != 1 || c.Secrets[0].ID == "smuggled" {
		t.Errorf("%+v", c)
	}
}

func TestRegisterRefusesAnIdThatIsTaken(t *testing.T) {
	t.Parallel()
	s := newStage()
	registered(t, s.replica(), "demo")
	_, _, err := s.replica().Register(t.Context(), confidential("demo"), "")
	if err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("%v", err)
	}
	s.shelf.goAway(true)
	if _, _, err := s.replica().Register(t.Context(), confidential("other"), ""); !errors.Is(err, errAway) {
		t.Errorf("the store is away: %v", err)
	}
}

func TestChangeIsCheckedLikeARegistration(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	_, err := r.Change(t.Context(), id, func(c *oauth.Client) error { c.Method = oauth.AuthNone; return nil })
	if err == nil || oauth.AsError(err).Code != oauth.InvalidClientMetadata {
		t.Errorf("%v", err)
	}
	_, err = r.Change(t.Context(), id, func(c *oauth.Client) error {
		c.Method, c.GrantTypes = oauth.AuthNone, []string{oauth.GrantAuthorizationCode}
		return nil
	})
	if err == nil {
		t.Error("a client with secrets became public")
	}
}

func TestALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-2, 10_000_001} {
		refusedWith(t, oauth.InvalidClientMetadata, fmt.Sprint(n), func(c *oauth.Client) { c.RequestsPerMinute = n })
	}
	for _, n := range []int{-1, 0, 10_000_000} {
		c := confidential("demo")
		c.RequestsPerMinute = n
		if _, _, err := newStage().replica().Register(t.Context(), c, ""); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
}
