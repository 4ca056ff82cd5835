package adminapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

func TestAClientsOwnLimit(t *testing.T) {
	t.Parallel()
	d := onRedis(t)
	token := asked(t, root(d))
	for value, want := range map[string]int{"300": 300, "-1": -1, "null": 0, "10000000": 10_000_000} {
		a := raw{method: http.MethodPatch, path: "/clients/demo", token: token, body: `{"requests_per_minute":` + value + `}`}.send(t, d)
		shown, _ := a.Fields["requests_per_minute"].(float64)
		if a.Status != http.StatusOK || int(shown) != want {
			t.Errorf("%s: %d %s", value, a.Status, a.Raw)
		}
		c, err := d.App.Direct().Registry.Client(t.Context(), "demo")
		if err != nil || c.RequestsPerMinute != want {
			t.Errorf("%s: stored as %d %v", value, c.RequestsPerMinute, err)
		}
	}
	for _, value := range []string{"-2", "10000001", "1.5", `"x"`} {
		a := raw{method: http.MethodPatch, path: "/clients/demo", token: token, body: `{"requests_per_minute":` + value + `}`}.send(t, d)
		if a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", value, a.Status, a.Raw)
		}
	}
}

func TestTooManyCallsOfOneOperator(t *testing.T) {
	t.Parallel()
	d := onRedis(t, func(c *config.Config) { c.Limits.Admin = "5/1h" })
	token := asked(t, root(d))
	statuses := map[int]int{}
	for range 12 {
		a := raw{method: http.MethodGet, path: "/clients", token: token}.send(t, d)
		statuses[a.Status]++
		if a.Status == http.StatusTooManyRequests && (a.Text("type") != "urn:oauth2d:problem:rate-limited" ||
			a.Header.Get("RateLimit-Policy") != `"admin";q=5;w=3600` || a.Header.Get("Retry-After") == "") {
			t.Errorf("%s %v", a.Raw, a.Header)
		}
	}
	if fmt.Sprint(statuses) != fmt.Sprint(map[int]int{200: 5, 429: 7}) {
		t.Errorf("%v", statuses)
	}
}
