package adminapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// onRedis starts a daemon on a real Redis of its own.
func onRedis(t *testing.T, options ...testkit.Option) *testkit.Daemon {
	t.Helper()
	return testkit.Start(t, append([]testkit.Option{testkit.Redis(redistest.Start(t).Addr)}, options...)...)
}

// tokenOf returns an access token of a new client with these scopes.
func tokenOf(t testing.TB, d *testkit.Daemon, scopes ...string) string {
	t.Helper()
	party := d.Register(t, oauth.Client{GrantTypes: []string{oauth.GrantClientCredentials}, Scopes: scopes})
	return asked(t, party)
}

func asked(t testing.TB, party testkit.Party) string {
	t.Helper()
	answer := party.Token(t, url.Values{"grant_type": {"client_credentials"}})
	if answer.Status != http.StatusOK {
		t.Fatalf("a token: %d %s", answer.Status, answer.Raw)
	}
	return answer.Text("access_token")
}

// root is the demo operator, who has all scopes.
func root(d *testkit.Daemon) testkit.Party {
	return testkit.Party{Base: d.Base, ID: app.DemoAdmin, Secret: app.DemoAdminSecret}
}

func clientOf(t testing.TB, d *testkit.Daemon, token string) *adminclient.Client {
	t.Helper()
	c, err := adminclient.New(adminclient.Options{
		Server: d.Admin, Token: func(context.Context) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// raw is one request, sent exactly as it is written here.
type raw struct {
	method, path, token string
	header              map[string]string
	body                string
}

func (r raw) send(t testing.TB, d *testkit.Daemon) testkit.Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.method, d.Admin+"/admin/v1"+r.path, bytes.NewReader([]byte(r.body)))
	if err != nil {
		t.Fatal(err)
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != "" {
		request.Header.Set("Content-Type", "application/json")
		if r.method == http.MethodPatch {
			request.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for name, value := range r.header {
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	return testkit.Do(t, request)
}

// refused fails the test unless an answer is a problem of a kind, at a place when one is set.
func refused(t testing.TB, what string, a testkit.Answer, status int, kind, place string) {
	t.Helper()
	var p struct {
		Type      string
		Status    int
		RequestID string `json:"request_id"`
		Errors    []struct{ Pointer, Parameter string }
	}
	if err := json.Unmarshal([]byte(a.Raw), &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: no problem details: %d %s", what, a.Status, a.Raw)
		return
	}
	if a.Status != status || p.Status != status || p.Type != "urn:oauth2d:problem:"+kind || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("%s: %d %s; want %d %s", what, a.Status, a.Raw, status, kind)
	}
	if place == "" {
		return
	}
	for _, one := range p.Errors {
		if one.Pointer == place || one.Parameter == place {
			return
		}
	}
	t.Errorf("%s: %s does not point at %s", what, a.Raw, place)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is fails unless an error is a problem of a kind.
func is(t testing.TB, what string, err error, kind string) {
	t.Helper()
	if !adminclient.Is(err, kind) {
		t.Errorf("%s: %v; want %s", what, err, kind)
	}
}
