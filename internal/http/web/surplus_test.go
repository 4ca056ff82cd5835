package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

// A page asks for the browser several times. Each surplus cookie is removed once, or the head of the
// answer is too large for a proxy.
func TestF_S27_SurplusCookiesAreRemovedOnce(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/login", http.NoBody)
	const sent, kept = 40, 32
	for i := range sent {
		r.AddCookie(&http.Cookie{Name: fmt.Sprintf("oauth2d_browser.%08d", i), Value: fmt.Sprint("value", i)}) //nolint:gosec // what a browser sends has no attributes
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
