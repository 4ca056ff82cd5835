package endpoint

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

func TestRespondToken(t *testing.T) {
	t.Parallel()
	for want, set := range map[string]token.Set{
		`{"access_token":"at","token_type":"Bearer","expires_in":900,"refresh_token":"rt","scope":"read write","id_token":"id"}`: {
			Access: "at", ExpiresIn: 15*time.Minute - 3*time.Millisecond, Refresh: "rt", Scope: oauth.Scopes{"read", "write"}, IDToken: "id",
		},
		`{"access_token":"at","token_type":"Bearer","expires_in":0,"scope":""}`: {Access: "at", ExpiresIn: -time.Second},
	} {
		w := httptest.NewRecorder()
		if err := respondToken(w, set); err != nil || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s (%v), want %s", w.Body, err, want)
		}
	}
}

func TestHealthReady(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		conditions []Condition
		status     int
		want       string
	}{
		{nil, 200, `{"status":"ready"}`},
		{[]Condition{{Part: "redis", State: StateOK}}, 200, `{"status":"ready","checks":{"redis":"ok"}}`},
		{[]Condition{{Part: "redis", State: StateOK}, {Part: "durability", State: StateDegraded, Detail: "no replica"}}, 200, `{"status":"degraded","checks":{"durability":"degraded","redis":"ok"},"details":{"durability":"no replica"}}`},
		{[]Condition{{Part: "redis", State: StateDown}, {Part: "keys", State: StateDegraded}}, 503, `{"status":"unavailable","checks":{"keys":"degraded","redis":"down"}}`},
	} {
		e := Health{Probe: func(context.Context) []Condition { return c.conditions }}
		w := get(e.Ready, nil)
		if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.want {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.want)
		}
		if live := get(e.Live, nil); live.Code != http.StatusOK {
			t.Errorf("live: %d", live.Code)
		}
		e.Stopping()
		if w := get(e.Ready, nil); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "stopping") {
			t.Errorf("stopping: %d %s", w.Code, w.Body)
		}
	}
}

func TestMetricsPage(t *testing.T) {
	t.Parallel()
	e := Metrics{Metrics: metric.New("v9", oauth.Supported{})}
	if w := get(e.Serve, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `oauth2d_build_info{version="v9"} 1`) ||
		w.Header().Get("Content-Type") != string(metric.Text) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestV15_WhereAnAccessTokenMayStand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, target, header, body string
		want                               oauth.Token
		code                               oauth.Code
	}{
		{"header", "GET", "/userinfo", "Bearer at", "", "at", ""},
		{"header in lower case", "GET", "/userinfo", "bearer at", "", "at", ""},
		{"body", "POST", "/userinfo", "", "access_token=at", "at", ""},
		{"header of a POST", "POST", "/userinfo", "Bearer at", "x=y", "at", ""},
		{"nowhere", "GET", "/userinfo", "", "", "", oauth.InvalidToken},
		{"other scheme", "GET", "/userinfo", basic("a", "b"), "", "", oauth.InvalidToken},
		{"query", "GET", "/userinfo?access_token=at", "", "", "", oauth.InvalidRequest},
		{"query and header", "GET", "/userinfo?access_token=at", "Bearer at", "", "", oauth.InvalidRequest},
		{"header and body", "POST", "/userinfo", "Bearer at", "access_token=at", "", oauth.InvalidRequest},
		{"body twice", "POST", "/userinfo", "", "access_token=at&access_token=at", "", oauth.InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
			if c.method == http.MethodPost {
				r.Header.Set("Content-Type", formType)
			}
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			if got, err := accessTokenOf(r); got != c.want || code(err) != c.code {
				t.Errorf("%s: %q %v", c.name, got.Reveal(), err)
			}
		})
	}
}

func TestUserClaimsFollowTheScope(t *testing.T) {
	t.Parallel()
	user := oauth.User{ID: "u-1", Name: "ada", DisplayName: "Ada", Email: "ada@example.org"}
	for scope, want := range map[string]map[string]any{
		"openid":               {"sub": "u-1"},
		"openid profile":       {"sub": "u-1", "name": "Ada", "preferred_username": "ada"},
		"openid email":         {"sub": "u-1", "email": "ada@example.org", "email_verified": false},
		"openid profile email": {"sub": "u-1", "name": "Ada", "preferred_username": "ada", "email": "ada@example.org", "email_verified": false},
	} {
		t.Run(scope, func(t *testing.T) {
			scopes, err := oauth.ParseScopes(scope)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(claimsOf(user, scopes))
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s (%v)", scope, raw, err)
			}
		})
	}
}
