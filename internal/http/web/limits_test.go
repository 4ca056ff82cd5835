package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestW04_CookieFlags(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	web.Cookies{Secure: true}.Set(w, web.SessionCookie, "v", time.Hour)
	const want = "__Host-oauth2d_session=v; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"
	if got := w.Header().Get("Set-Cookie"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w = httptest.NewRecorder()
	web.Cookies{}.Clear(w, web.BrowserCookie)
	if got := w.Header().Get("Set-Cookie"); got != "oauth2d_browser=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
		t.Error(got)
	}
}

func TestCookiesAreReadByTheirOwnNameOnly(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"__Host-oauth2d_session=v":                            "v",
		"oauth2d_session=planted":                             "",
		"__Host-oauth2d_session=a; __Host-oauth2d_session=b":  "",
		"__Host-oauth2d_session=" + strings.Repeat("v", 1000): "",
		"": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Cookie", header)
		if got := (web.Cookies{Secure: true}).Get(r, web.SessionCookie); got != want {
			t.Errorf("%.40s: %q, want %q", header, got, want)
		}
	}
}

func TestF_P05_CookieNamesDifferByIssuer(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, issuer := range []string{"https://h", "https://h/a", "https://h/b", "https://h:8443", "http://127.0.0.1:8080", "http://127.0.0.1:8081"} {
		w := httptest.NewRecorder()
		web.CookiesOf(issuer).Set(w, web.SessionCookie, "v", 0)
		name, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s share the name %s", issuer, other, name)
		}
		names[name] = issuer
		if strings.HasPrefix(issuer, "https:") != strings.HasPrefix(name, "__Host-") {
			t.Errorf("%s: %s", issuer, name)
		}
	}
	if names["__Host-oauth2d_session"] != "https://h" {
		t.Errorf("an issuer that is only a host has another name: %v", names)
	}
}

func TestF_P01_EveryValueOfABrowserCounts(t *testing.T) {
	t.Parallel()
	cookies := web.CookiesOf("https://h/a")
	browser := func(header ...string) (oauth.Browser, []string) {
		r, w := httptest.NewRequest(http.MethodGet, "/", http.NoBody), httptest.NewRecorder()
		r.Header["Cookie"] = header
		return cookies.Browser(w, r), w.Header().Values("Set-Cookie")
	}
	first, set := browser()
	if len(first) != 1 || len(set) != 1 || !strings.Contains(set[0], "; HttpOnly; Secure; SameSite=Lax") || strings.Contains(set[0], "Max-Age") {
		t.Fatalf("%d values, cookies %q", len(first), set)
	}
	one, _, _ := strings.Cut(set[0], ";")
	second, set := browser()
	two, _, _ := strings.Cut(set[0], ";")
	if got, set := browser(one + "; " + two); len(got) != 2 || len(set) != 0 || !got.Owns(first.Binding()) || !got.Owns(second.Binding()) {
		t.Errorf("%d values, cookies %q", len(got), set)
	}
	name, _, _ := strings.Cut(one, "=")
	plain, _, _ := strings.Cut(name, ".")
	for what, header := range map[string]string{
		"planted under a name that is there": one + "; " + name + "=planted",
		"of another issuer":                  strings.Replace(one, plain, "__Host-oauth2d_browser", 1),
		"without __Host-":                    strings.TrimPrefix(one, "__Host-"),
		"of no value":                        name + "=",
		"too long":                           name + "=" + strings.Repeat("v", 300),
	} {
		if got, _ := browser(header); got.Owns(first.Binding()) || len(got) != 1 {
			t.Errorf("%s: %d values", what, len(got))
		}
	}
	if got, _ := browser(plain + "=earlier"); !got.Owns(oauth.Browser{"earlier"}.Binding()) {
		t.Error("the cookie of an earlier release does not count")
	}
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("%s.%d=value-%d", plain, i, i))
	}
	got, set := browser(strings.Join(many, "; "))
	if len(got) != 32 || len(set) != 8 || !strings.Contains(set[0], "Max-Age=0") {
		t.Errorf("of 40: %d values, %d cookies removed", len(got), len(set))
	}
}

func TestTimeoutIsUnavailable(t *testing.T) {
	t.Parallel()
	errs, log := newErrors()
	h := web.Timeout(time.Nanosecond)(web.Handle(errs.API, func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return context.Cause(r.Context())
	}))
	if res := serve(h, httptest.NewRequest(http.MethodPost, "/token", http.NoBody)); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(log.String(), `"WARN"`) {
		t.Errorf("%d %s", res.StatusCode, log)
	}
}

func TestH02_HeadersAreBounded(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	h := web.HeaderLimit(web.MaxHeader, errs.API)(ok)
	r := httptest.NewRequest(http.MethodGet, "/?"+strings.Repeat("q", 20_000), http.NoBody)
	r.Header.Set("X-Long", strings.Repeat("a", web.MaxHeader-100))
	if got := serve(h, r).StatusCode; got != http.StatusOK {
		t.Errorf("below the limit: %d", got)
	}
	r.Header.Add("X-Long", strings.Repeat("a", 100))
	if got := serve(h, r).StatusCode; got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("above the limit: %d", got)
	}
}

// A page calls Browser several times. Each surplus cookie is removed once only; otherwise the headers of the answer
// would be too large for a proxy.
func TestF_S27_SurplusCookiesAreRemovedOnce(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/login", http.NoBody)
	const sent, kept = 40, 32
	for i := range sent {
		r.AddCookie(&http.Cookie{Name: fmt.Sprintf("oauth2d_browser.%08d", i), Value: fmt.Sprint("value", i)}) //nolint:gosec // a browser sends cookies without attributes
	}
	w := httptest.NewRecorder()
	for range 3 {
		if known := (web.Cookies{}).Browser(w, r); len(known) != kept {
			t.Errorf("%d values are known", len(known))
		}
	}
	if removed := w.Result().Cookies(); len(removed) != sent-kept {
		t.Errorf("%d cookies are set", len(removed))
	}
}
