package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

// lyingIssuer serves metadata of its own with some members replaced. Its token endpoint issues a token.
func lyingIssuer(t *testing.T, replaced map[string]string) *httptest.Server {
	t.Helper()
	routes := http.NewServeMux()
	s := httptest.NewServer(routes)
	t.Cleanup(s.Close)
	routes.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		metadata := map[string]string{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token", "revocation_endpoint": s.URL + "/revoke",
		}
		for name, value := range replaced {
			metadata[name] = value
		}
		_ = json.NewEncoder(w).Encode(metadata)
	})
	routes.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"got","token_type":"Bearer","expires_in":60}`))
	})
	return s
}

// thief counts who comes.
func thief(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var came atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"stolen","token_type":"Bearer","expires_in":60}`))
	}))
	t.Cleanup(s.Close)
	return s, &came
}

func secretFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The secret of a client goes to the issuer, and nowhere else that its metadata name.
func TestF_S18_SecretsStayWithTheIssuer(t *testing.T) {
	t.Parallel()
	elsewhere, came := thief(t)
	secret := secretFile(t)
	get := func(s *httptest.Server, more ...string) (int, string, string) {
		return terminal(t, nil, append([]string{"token", "get", "--issuer", s.URL, "--client-id", "c", "--secret-file", secret}, more...)...)
	}
	if code, out, told := get(lyingIssuer(t, nil)); code != exit.Done || !strings.Contains(out, "got") {
		t.Fatalf("an honest issuer: %d %s %s", code, out, told)
	}
	for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "revocation_endpoint"} {
		for _, value := range []string{elsewhere.URL + "/token", "http://auth.example.com/token", "file:///etc/passwd", "javascript:alert(1)", "ms-calculator:", "https://user@auth.example.com/"} {
			code, _, told := get(lyingIssuer(t, map[string]string{endpoint: value}))
			if code != exit.Refused || !strings.Contains(told, endpoint) || !strings.Contains(told, "nothing was sent there") {
				t.Errorf("%s %s: %d %s", endpoint, value, code, told)
			}
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
	away := lyingIssuer(t, map[string]string{"token_endpoint": elsewhere.URL + "/token"})
	if code, out, told := get(away, "--endpoint-origin", elsewhere.URL); code != exit.Done || !strings.Contains(out, "stolen") {
		t.Errorf("an origin that was allowed: %d %s %s", code, out, told)
	}
	environ := []string{credentials.EnvOrigins + "=https://login.example.com," + elsewhere.URL}
	if code, _, told := terminal(t, environ, "token", "get", "--issuer", away.URL, "--client-id", "c", "--secret-file", secret); code != exit.Done {
		t.Errorf("by the variable: %d %s", code, told)
	}
	if code, _, told := get(away, "--endpoint-origin", "http://login.example.com"); code != exit.WrongUsage {
		t.Errorf("an origin without TLS: %d %s", code, told)
	}
}

// A redirect is an endpoint at another origin, too.
func TestF_S18_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere, came := thief(t)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	secret := secretFile(t)
	token := lyingIssuer(t, map[string]string{"token_endpoint": redirecting.URL})
	for name, args := range map[string][]string{
		"metadata": {"--issuer", redirecting.URL}, "token endpoint": {"--issuer", token.URL, "--endpoint-origin", redirecting.URL},
	} {
		code, out, told := terminal(t, nil, append([]string{"token", "get", "--client-id", "c", "--secret-file", secret}, args...)...)
		if code == exit.Done || strings.Contains(out, "stolen") {
			t.Errorf("%s: %d %s %s", name, code, out, told)
		}
	}
	environ := []string{credentials.EnvServer + "=" + redirecting.URL, credentials.EnvIssuer + "=" + lyingIssuer(t, nil).URL, credentials.EnvClientID + "=c", credentials.EnvSecret + "=s3cr3t"}
	if code, out, told := terminal(t, environ, "client", "list"); code == exit.Done {
		t.Errorf("the admin API: %d %s %s", code, out, told)
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// What a person got by login is shown only where it came from, also when the metadata change later.
func TestF_S18_StoredLoginsStayWithTheIssuer(t *testing.T) {
	t.Parallel()
	elsewhere, came := thief(t)
	issuer := lyingIssuer(t, map[string]string{"token_endpoint": elsewhere.URL, "revocation_endpoint": elsewhere.URL})
	environ := []string{credentials.EnvLoginFile + "=" + filepath.Join(t.TempDir(), "login.json")}
	id := credentials.Identity{Server: "http://127.0.0.1:1", Issuer: issuer.URL, ClientID: credentials.DefaultClient, Refresh: "r3fr3sh", Access: "old", Expires: time.Unix(0, 0)}
	if _, err := (&credentials.Store{Console: &console.Console{Environ: environ}}).Save(id); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"client", "list"}, {"logout"}} {
		if code, _, told := terminal(t, environ, args...); code != exit.Refused || !strings.Contains(told, "another origin") {
			t.Errorf("%v: %d %s", args, code, told)
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}

func TestF_S18_IssuersSpeakHTTPS(t *testing.T) {
	t.Parallel()
	secret := secretFile(t)
	for _, issuer := range []string{"http://auth.example.com", "http://192.0.2.7:8080", "ftp://auth.example.com", "auth.example.com", "https:///path", "javascript:alert(1)", "https://user:pass@auth.example.com"} {
		for _, how := range [][]string{{"--secret-file", secret}, {"--browser"}} {
			code, _, told := terminal(t, nil, append([]string{"token", "get", "--client-id", "c", "--issuer", issuer}, how...)...)
			if code != exit.WrongUsage || !strings.Contains(told, "--issuer "+issuer) {
				t.Errorf("%s %s: %d %s", issuer, how[0], code, told)
			}
		}
	}
}
