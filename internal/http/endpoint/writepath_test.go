package endpoint_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// meter counts the allocations of requests that are served in this process.
type meter struct {
	handler  http.Handler
	party    testkit.Party
	allocs   uint64
	requests int
}

// post serves one request, and counts what that allocates.
func (m *meter) post(t *testing.T, path string, form url.Values) map[string]any {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(m.party.ID, m.party.Secret)
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m.handler.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	m.allocs += after.Mallocs - before.Mallocs
	m.requests++
	var fields map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &fields) // /revoke has no body
	return fields
}

// Allocations of requests that change something, through every middleware and with a real Redis. The bounds leave a
// fifth over the figures, because a build with the race detector allocates more.
func TestWritePathsAllocateLittle(t *testing.T) { // not parallel: everybody's allocations count
	d := testkit.Start(t, testkit.Redis(redistest.Start(t).Addr))
	party, person := d.Register(t, full("holder", oauth.FormatOpaque)), testkit.NewPerson(t)
	code := func() string { return party.Code(t, person, map[string]string{"scope": "read"}) }
	refresh := party.Redeem(t, code()).Text("refresh_token")
	for _, row := range []struct {
		name  string
		bound float64
		do    func(*meter)
	}{
		{"client_credentials", 165, func(m *meter) { m.post(t, "/token", credentialsForm()) }},
		{"refresh_token", 250, func(m *meter) {
			answer := m.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
			refresh, _ = answer["refresh_token"].(string)
		}},
		{"authorization_code", 270, func(m *meter) {
			m.post(t, "/token", url.Values{
				"grant_type": {"authorization_code"}, "code": {code()}, "redirect_uri": {testkit.Callback}, "code_verifier": {testkit.Verifier},
			})
		}},
		{"revoke", 202, func(m *meter) {
			token := party.Token(t, credentialsForm()).Text("access_token")
			m.post(t, "/revoke", url.Values{"token": {token}})
		}},
	} {
		m := &meter{handler: d.App.Server().Handler(), party: party}
		row.do(m) // fills the caches
		m.allocs, m.requests = 0, 0
		for range 50 {
			row.do(m)
		}
		got := float64(m.allocs) / float64(m.requests)
		t.Logf("%s: %.1f allocations", row.name, got)
		if got > row.bound {
			t.Errorf("%s: %.1f allocations, more than %.0f", row.name, got, row.bound)
		}
	}
}
