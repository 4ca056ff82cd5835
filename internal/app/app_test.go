package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

func devConfig() config.Config {
	c := config.Default(true)
	c.Log.Format = "json" // the tests parse the log
	c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	return c
}

func start(t *testing.T, c config.Config) (*app.App, *testkit.Log) {
	t.Helper()
	log := new(testkit.Log)
	a, err := app.New(t.Context(), c, app.Options{LogTo: log, AuditTo: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	return a, log
}

func fetch(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	return read(t)(http.DefaultClient.Do(request))
}

// read returns a function that returns the status and the body of an answer.
func read(t *testing.T) func(*http.Response, error) (int, string) {
	return func(response *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
}

// browse does what get does, and keeps cookies as a browser does, because a pending request is bound to a cookie.
func browse(t *testing.T, address string) (int, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return read(t)((&http.Client{Jar: jar}).Get(address))
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, request)
}

// post sends a form as a demo client.
func post(t *testing.T, address, id, secret string, form url.Values) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	status, body := fetch(t, request)
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatalf("%s: %d %s", address, status, body)
	}
	return status, fields
}

// Servers on embedded Redis share nothing: each has its own keys and tokens.
func TestManyInOneProcess(t *testing.T) {
	t.Parallel()
	var servers [3]*app.App
	var starting sync.WaitGroup
	for i := range servers {
		starting.Go(func() { servers[i], _ = start(t, devConfig()) })
	}
	starting.Wait()
	_, issued := post(t, servers[0].Issuer()+"/token", app.DemoClient, app.DemoSecret, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	access, _ := issued["access_token"].(string)
	if access == "" {
		t.Fatalf("no token: %v", issued)
	}
	for i, a := range servers {
		_, answer := post(t, a.Issuer()+"/introspect", app.DemoClient, app.DemoSecret, url.Values{"token": {access}})
		if active := answer["active"]; active != (i == 0) {
			t.Errorf("server %d calls a token of server 0 active: %v", i, active)
		}
	}
}

// Tests rely on a fast start of a whole server. The limit is generous, for busy machines, but a start that waits for
// anything exceeds it.
func TestStartsQuickly(t *testing.T) {
	t.Parallel()
	began := time.Now()
	a, _ := start(t, devConfig())
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("starting took %v", took)
	}
	for _, path := range []string{"/health/live", "/health/ready", "/health"} {
		for _, base := range []string{a.Issuer(), "http://" + a.AdminAddr()} {
			if status, body := get(t, base+path); status != http.StatusOK {
				t.Errorf("%s%s: %d %s", base, path, status, body)
			}
		}
	}
	if status, body := get(t, "http://"+a.AdminAddr()+"/metrics"); status != http.StatusOK || !strings.Contains(body, "oauth2d_") {
		t.Errorf("metrics: %d %s", status, body)
	}
	if status, _ := get(t, a.Issuer()+"/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics stand on the public listener without being asked for: %d", status)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		a, err := app.New(b.Context(), devConfig(), app.Options{LogTo: io.Discard})
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// The issuer's path and the endpoint prefix are where the settings place them, and nowhere else.
func TestIssuerWithPathAndPrefix(t *testing.T) {
	t.Parallel()
	c := devConfig()
	c.Issuer, c.Server.EndpointPrefix = "https://auth.example.com/api/v1/auth", "/oauth2"
	a, _ := start(t, c)
	at := "http://" + a.Addr()
	status, body := get(t, at+"/.well-known/oauth-authorization-server/api/v1/auth")
	if status != http.StatusOK || !strings.Contains(body, `"token_endpoint":"https://auth.example.com/api/v1/auth/oauth2/token"`) {
		t.Errorf("metadata: %d %s", status, body)
	}
	status, issued := post(t, at+"/api/v1/auth/oauth2/token", app.DemoClient, app.DemoSecret, url.Values{"grant_type": {"client_credentials"}})
	if status != http.StatusOK || issued["access_token"] == nil {
		t.Errorf("token: %d %v", status, issued)
	}
	if status, _ := get(t, at+"/api/v1/auth/health/ready"); status != http.StatusOK {
		t.Errorf("health below the issuer: %d", status)
	}
}

// Every demo client of the welcome text works as described there.
func TestDemoClients(t *testing.T) {
	t.Parallel()
	a, _ := start(t, devConfig())
	service := url.Values{"grant_type": {"client_credentials"}}
	status, issued := post(t, a.Issuer()+"/token", app.DemoAdmin, app.DemoAdminSecret, service)
	if status != http.StatusOK || issued["scope"] != "admin:*" {
		t.Errorf("the admin client gets %d %v", status, issued)
	}
	status, issued = post(t, a.Issuer()+"/token", app.DemoClient, app.DemoSecret, service)
	if status != http.StatusOK || issued["scope"] != "read write" {
		t.Errorf("the demo client gets %d %v; scopes of a person mean nothing without one", status, issued)
	}
	for _, redirect := range []string{"http://127.0.0.1/callback", "http://127.0.0.1:1234/callback"} {
		for _, client := range []string{app.DemoClient, app.DemoPublicClient} {
			query := url.Values{
				"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "scope": {app.DemoScope},
				"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
			}
			status, body := browse(t, a.Issuer()+"/authorize?"+query.Encode())
			if status != http.StatusOK || !strings.Contains(body, `name="password"`) {
				t.Errorf("%s at %s: %d", client, redirect, status)
			}
		}
	}
}

// An application on localhost:3000 signs people in with a server that was started for it, as a public client and as one
// with a secret.
func TestF_N04_TheNewcomersOwnAppIsRegistered(t *testing.T) {
	t.Parallel()
	const redirect = "http://localhost:3000/callback"
	a, err := app.New(t.Context(), devConfig(), app.Options{LogTo: io.Discard, AuditTo: io.Discard, DevRedirects: []string{redirect}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Stop(context.Background()) })
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	for client, status := range map[string]int{app.DemoOwnClient: http.StatusOK, app.DemoClient: http.StatusOK, app.DemoPublicClient: http.StatusBadRequest} {
		query := url.Values{
			"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "scope": {app.DemoScope},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		}
		if got, body := browse(t, a.Issuer()+"/authorize?"+query.Encode()); got != status || status == http.StatusOK && !strings.Contains(body, `name="password"`) {
			t.Errorf("%s: %d", client, got)
		}
	}
}

// A development server with a host name of another machine starts without the start page, because the page could not be
// registered there.
func TestF_N04_NoStartPageWhereItCannotBeAClient(t *testing.T) {
	t.Parallel()
	c := devConfig()
	c.Issuer = "http://as.example"
	a, _ := start(t, c)
	status, body := get(t, "http://"+a.Addr()+"/")
	if status != http.StatusOK || strings.Contains(body, app.DemoPassword) {
		t.Errorf("%d %s", status, body)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	c := devConfig()
	a, log := start(t, c)
	c.Brand.Name, c.Log.Level, c.Session.Limit = "Recipe Planner", "debug", 2
	a.Reload(c, nil)
	if _, body := get(t, a.Issuer()+"/login"); !strings.Contains(body, "Recipe Planner") {
		t.Error("the brand was not reloaded")
	}
	if !strings.Contains(log.String(), `"need_restart":["session.limit"]`) {
		t.Errorf("the log does not say what waits for a restart: %s", log)
	}
	a.Reload(config.Config{}, fmt.Errorf("redis.mode: wrong"))
	c.Brand.Accent = "#ffffee"
	a.Reload(c, nil)
	if _, body := get(t, a.Issuer()+"/login"); !strings.Contains(body, "Recipe Planner") {
		t.Error("settings with mistakes changed something")
	}
	if strings.Count(log.String(), "the settings were not reloaded") != 2 {
		t.Errorf("the log does not report the mistakes: %s", log)
	}
}

// A start that fails leaves nothing behind: the address is free again at once.
func TestFailedStartCleansUp(t *testing.T) {
	t.Parallel()
	first, _ := start(t, devConfig())
	addr := first.Addr()
	c := devConfig()
	c.Admin.Listen = addr // taken
	if _, err := app.New(t.Context(), c, app.Options{LogTo: io.Discard}); err == nil || !strings.Contains(err.Error(), "admin.listen") {
		t.Errorf("a taken address: %v", err)
	}
	c = devConfig()
	c.Redis.Mode, c.Redis.Addrs = "standalone", []string{"127.0.0.1:1"}
	_, err := app.New(t.Context(), c, app.Options{LogTo: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a Redis that is not there: %v", err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c = devConfig()
	c.Server.Listen = addr
	start(t, c)
}
