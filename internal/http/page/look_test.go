package page_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

var address = regexp.MustCompile(`(?:href|src)="(/auth/static/[^"]+)"`)

func TestAPageIsLightAndItsFilesAreKept(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	b := s.browser(t)
	shown := b.get(base + "/login")
	total, files := len(shown.body), map[string]bool{}
	for _, found := range address.FindAllStringSubmatch(shown.body, -1) {
		if files[found[1]] {
			continue
		}
		files[found[1]] = true
		got := b.get(found[1])
		total += len(got.body)
		if got.status != 200 || !strings.HasPrefix(got.header.Get("Cache-Control"), "public, max-age=3") {
			t.Errorf("%s: %d, %q", found[1], got.status, got.header.Get("Cache-Control"))
		}
	}
	if len(files) != 3 || total > 30<<10 {
		t.Errorf("%d files and %d bytes", len(files), total)
	}
	for _, path := range []string{"/static/", "/static/style.css", "/static/../page.go", "/static/x/style.css"} {
		if got := b.get(base + path); got.status == 200 {
			t.Errorf("%s is served", path)
		}
	}
}

func TestBrand(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Brand: page.Brand{
		Name: "Recipes & Co", Accent: "#0b6b3a", Logo: []byte("<svg xmlns='x'/>"), SupportURL: "https://help.example/", Footer: "Made in Kassel",
	}})
	b := s.browser(t)
	shown := b.get(base + "/login")
	want(t, shown.body, "Recipes &amp; Co", `href="https://help.example/"`, "Made in Kassel")
	for _, found := range address.FindAllStringSubmatch(shown.body, -1) {
		got := b.get(found[1])
		if strings.HasSuffix(found[1], ".css") {
			want(t, got.body, "--accent:#0b6b3a")
		}
		if strings.HasSuffix(found[1], ".svg") {
			want(t, got.header.Get("Content-Security-Policy"), "sandbox")
		}
	}
	for name, bad := range map[string]page.Brand{
		"pale accent": {Accent: "#ffd400"}, "no colour": {Accent: "red"}, "script": {SupportURL: "javascript:alert(1)"},
		"a photo": {Logo: []byte("\xff\xd8\xff")}, "a long name": {Name: strings.Repeat("x", 61)},
	} {
		if err := s.pages.Use(page.Look{Brand: bad}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	want(t, b.get(base+"/login").body, "Recipes &amp; Co")
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{Messages: fstest.MapFS{
		"de.json":    {Data: []byte(`{"login.submit": "Anmelden", "scope.read": "deine Rezepte lesen"}`)},
		"ar.json":    {Data: []byte(`{"dir": "rtl", "login.submit": "تسجيل الدخول"}`)},
		"readme.txt": {Data: []byte(`no catalogue`)},
	}})
	for header, expected := range map[string]string{
		"":                                    `lang="en" dir="ltr"`,
		"de-CH, en;q=0.8":                     "Anmelden",
		"fr, ar;q=0.5, de;q=0.4":              `lang="ar" dir="rtl"`,
		"de;q=0, en":                          `lang="en"`,
		"en;q=0.1, de;q=0.9":                  "Anmelden",
		"*;q=x,,;;,-":                         `lang="en"`,
		strings.Repeat("xx,", 1000) + "de":    `lang="en"`,
		`"><script>, de`:                      "Anmelden",
		"ja,ja-x,ko,pl,pt,ru,sv,tr,uk,vi,zh":  `lang="en"`,
		"de-Latn-CH-1996-a-extend1-x-private": "Anmelden",
	} {
		b := s.browser(t)
		b.header.Set("Accept-Language", header)
		want(t, b.get(base+"/login").body, expected)
	}
	b := s.browser(t)
	b.header.Set("Accept-Language", "en")
	want(t, b.get(b.get(authorization("ui_locales", "xx de")).location()).body, "Anmelden", `lang="de"`)
	want(t, b.consentPage(authorization("ui_locales", "de")).body, "deine Rezepte lesen")
	for _, bad := range []string{`{"login.sumbit": "x"}`, `{"login.heading_app": "{product}"}`, `[]`} {
		err := s.pages.Use(page.Look{Messages: fstest.MapFS{"de.json": {Data: []byte(bad)}}})
		if err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestConsentIsHonest(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	s.register(t, oauth.Client{ID: "cli", Name: "CLI", Method: oauth.AuthNone, Type: oauth.AppNative, RedirectURIs: []string{"http://127.0.0.1/cb", "com.example.cli:/cb"}})
	local := s.browser(t).consentPage(authorization("client_id", "cli", "redirect_uri", "http://127.0.0.1:4711/cb"))
	want(t, local.body, "127.0.0.1:4711", "runs on your own computer")
	native := s.browser(t).consentPage(authorization("client_id", "cli", "redirect_uri", "com.example.cli:/cb"))
	want(t, native.body, "com.example.cli", "an app on this device")
	if allow, deny := strings.Index(native.body, `value="allow"`), strings.Index(native.body, `value="deny"`); allow < 0 || deny < allow {
		t.Error("the buttons are not where automation looks for them")
	}
}

func TestErrorPageTellsWhatToDo(t *testing.T) {
	t.Parallel()
	s := newStack(t, page.Look{})
	r := httptest.NewRequest(http.MethodGet, "/auth/authorize?secret=in-the-address", http.NoBody)
	for code, text := range map[oauth.Code]string{
		oauth.InvalidRequest: "This link does not work", oauth.ServerError: "Something went wrong",
		oauth.TemporarilyUnavailable: "Back in a moment", oauth.NotFound: "There is nothing here",
		oauth.ForbiddenByOrigin: "This form was not accepted", oauth.SlowDown: "Too many tries", "unheard_of": "Something went wrong",
	} {
		w := newRecorder()
		s.pages.Error(w, r, 418, oauth.Refuse(code, "for developers", nil), "req-42")
		want(t, w.Body.String(), "<h1>"+text, "<title>Error: "+text, "for developers", `<ul class="next">`)
		if known := strings.Contains(w.Body.String(), event.SupportCode("req-42")); known == (code == oauth.NotFound) {
			t.Errorf("%s: the code for support is there: %v", code, known)
		}
		if w.Code != 418 || strings.Contains(w.Body.String(), "in-the-address") || strings.Contains(w.Body.String(), "error.") {
			t.Errorf("%s: %d\n%s", code, w.Code, w.Body)
		}
	}
}
