package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
)

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
