package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
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

func TestTimeoutIsUnavailableAndToldAsSuch(t *testing.T) {
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
