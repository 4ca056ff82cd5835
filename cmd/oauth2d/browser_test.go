package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// signedIn carries out a command that asks a person to sign in, and signs in as somebody. answer may
// change where the browser comes back to.
func signedIn(t *testing.T, environ []string, answer func(string) string, args ...string) (code int, out, messages string) {
	t.Helper()
	var stdout bytes.Buffer
	stderr, ended := new(testkit.Log), make(chan int, 1)
	go func() {
		ended <- run(t.Context(), console.Console{In: strings.NewReader(""), Out: &stdout, Err: stderr, Environ: environ}, args)
	}()
	waitFor(t, stderr, "/authorize?")
	waitFor(t, stderr, "\n\n")
	address := regexp.MustCompile(`http\S+/authorize\?\S+`).FindString(stderr.String())
	back := testkit.NewPerson(t).Authorize(t, address).Location
	for _, to := range strings.Fields(answer(back)) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	return <-ended, stdout.String(), stderr.String()
}

func same(address string) string { return address }

// registerCLI registers the client that people at a terminal sign in with.
func registerCLI(t *testing.T, d *testkit.Daemon) {
	t.Helper()
	_, _, err := d.App.Direct().Registry.Register(t.Context(), oauth.Client{
		ID: credentials.DefaultClient, Method: oauth.AuthNone, Type: oauth.AppNative, RedirectURIs: []string{"http://127.0.0.1" + credentials.CallbackPath},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, Scopes: oauth.Scopes{"openid", "read", "admin:*"},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
}

// A person at a terminal gets a token through the browser; an answer that is not to this sign-in is
// turned away, and the one that follows still counts.
func TestTokenThroughTheBrowser(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	registerCLI(t, d)
	args := []string{"token", "get", "--browser", "--issuer", d.Base, "--client-id", credentials.DefaultClient, "--scope", "openid read", "-o", "json"}
	code, out, stderr := signedIn(t, nil, func(back string) string {
		return regexp.MustCompile(`state=[^&]*`).ReplaceAllString(back, "state=forged") + " " + back
	}, args...)
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exit.Done {
		t.Fatalf("code %d, %s %s", code, out, stderr)
	}
	access, _ := got["access_token"].(string)
	if !d.Demo().Active(t, access) || got["id_token"] == nil || got["refresh_token"] == nil {
		t.Errorf("the answer: %v", got)
	}
	code, _, stderr = signedIn(t, nil, func(back string) string {
		return regexp.MustCompile(`code=[^&]*`).ReplaceAllString(back, "error=access_denied&error_description=no")
	}, args...)
	if code != exit.Refused || !strings.Contains(stderr, "access_denied") {
		t.Errorf("a refusal: code %d, %s", code, stderr)
	}
	code, _, stderr = signedIn(t, nil, func(back string) string {
		return regexp.MustCompile(`iss=[^&]*`).ReplaceAllString(back, "iss=https%3A%2F%2Fevil.example")
	}, args...)
	if code != exit.Failed || !strings.Contains(stderr, "another issuer") {
		t.Errorf("an answer of another issuer: code %d, %s", code, stderr)
	}
}

// An operator logs in through the browser, works, works on when the access token has run out, and
// logs out; then the refresh token is dead.
func TestLoginThroughTheBrowser(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(settings *config.Config) { settings.Admin.Operators = []string{app.DemoUser} })
	registerCLI(t, d)
	file := filepath.Join(t.TempDir(), "login.json")
	environ := []string{credentials.EnvLoginFile + "=" + file}
	code, _, stderr := signedIn(t, environ, same, "login", "--server", d.Admin, "--issuer", d.Base)
	if code != exit.Done || !strings.Contains(stderr, "logged in to "+d.Admin) {
		t.Fatalf("code %d, %s", code, stderr)
	}
	list := func(want int) {
		t.Helper()
		if code, out, stderr := terminal(t, environ, "client", "list"); code != want || want == exit.Done && !strings.Contains(out, credentials.DefaultClient) {
			t.Errorf("code %d, want %d: %s %s", code, want, out, stderr)
		}
	}
	list(exit.Done)
	first := stored(t, file)
	expired := first
	expired.Expires = expired.Expires.AddDate(0, 0, -1)
	if _, err := (&credentials.Store{Console: &console.Console{Environ: environ}}).Save(expired); err != nil {
		t.Fatal(err)
	}
	list(exit.Done)
	second := stored(t, file)
	if second.Refresh == first.Refresh || second.Access == first.Access {
		t.Error("the new tokens are not stored")
	}
	list(exit.Done)
	if code, _, stderr := terminal(t, environ, "logout"); code != exit.Done {
		t.Errorf("logout: code %d, %s", code, stderr)
	}
	if got := (testkit.Party{Base: d.Base, ID: credentials.DefaultClient}).Refresh(t, second.Refresh.Reveal()); got.Status != http.StatusBadRequest {
		t.Errorf("the refresh token lives on: %d", got.Status)
	}
	list(exit.WrongUsage)
}

// A person who is not an operator is refused, and nothing is stored.
func TestLoginOfNoOperator(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	registerCLI(t, d)
	file := filepath.Join(t.TempDir(), "login.json")
	_, _, stderr := signedIn(t, []string{credentials.EnvLoginFile + "=" + file}, same, "login", "--server", d.Admin, "--issuer", d.Base)
	if !strings.Contains(stderr, "lacks rights") && !strings.Contains(stderr, "hint:") {
		t.Errorf("stderr %s", stderr)
	}
}

func stored(t *testing.T, file string) credentials.Identity {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var id credentials.Identity
	if err := json.Unmarshal(raw, &id); err != nil {
		t.Fatal(err)
	}
	return id
}

// On a terminal what destroys is asked for first; only yes is yes.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for id, test := range map[string]struct {
		answer string
		want   int
	}{"nothing": {"\n", exit.Failed}, "end": {"", exit.Failed}, "no": {"no\n", exit.Failed}, "yes": {"Yes\n", exit.Done}} {
		s.do(t, "", "client", "create", id, "--grant", "client_credentials")
		var out, stderr bytes.Buffer
		c := console.Console{In: strings.NewReader(test.answer), Out: &out, Err: &stderr, Environ: s, Terminal: true}
		code := run(context.Background(), c, []string{"client", "delete", id, "--direct"})
		if code != test.want || !strings.Contains(stderr.String(), "delete client "+id+" with its secrets and tokens? [y/N] ") {
			t.Errorf("%s: code %d, stderr %q", id, code, stderr.String())
		}
		left, _, _ := terminal(t, s, "client", "show", id, "--direct")
		if gone := left == exit.NotFound; gone != (test.want == exit.Done) {
			t.Errorf("%s: gone %t", id, gone)
		}
	}
}

// The page that the browser ends on is made for people, says how the sign-in ended, and has no code in its address.
func TestF_N13_TheBrowserEndsOnAPageWithoutTheCode(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	registerCLI(t, d)
	for name, c := range map[string]struct {
		bend func(string) string
		says string
	}{
		"signed in": {same, "<h1>You are signed in</h1>"},
		"bad code":  {func(back string) string { return regexp.MustCompile(`code=[^&]*`).ReplaceAllString(back, "code=x") }, "<h1>Nobody was signed in</h1>"},
		"refused": {func(back string) string {
			return regexp.MustCompile(`code=[^&]*`).ReplaceAllString(back, "error=access_denied")
		}, "<h1>Nobody was signed in</h1>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signedIn(t, nil, func(back string) string {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.bend(back), http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				if end := response.Request.URL.String(); strings.Contains(end, "code=") || strings.Contains(end, "state=") {
					t.Errorf("the address bar holds %s", end)
				}
				body, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				got := testkit.Answer{Status: response.StatusCode, Header: response.Header, Raw: string(body)}
				if got.Status != http.StatusOK || !strings.Contains(got.Raw, c.says) || strings.Contains(got.Raw, "{{") {
					t.Errorf("%d:\n%s", got.Status, got.Raw)
				}
				policy := got.Header.Get("Content-Security-Policy")
				if !strings.Contains(got.Header.Get("Content-Type"), "text/html") || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
					t.Errorf("headers %v", got.Header)
				}
				return ""
			}, "token", "get", "--browser", "--issuer", d.Base, "--client-id", credentials.DefaultClient, "--scope", "openid read")
		})
	}
}

// Commands that began with one login refresh it once: a refresh token that is shown again ends the grant.
func TestF_N08_CommandsAtOnceRefreshTheLoginOnce(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(settings *config.Config) { settings.Admin.Operators = []string{app.DemoUser} })
	registerCLI(t, d)
	environ := []string{credentials.EnvLoginFile + "=" + filepath.Join(t.TempDir(), "login.json")}
	if code, _, stderr := signedIn(t, environ, same, "login", "--server", d.Admin, "--issuer", d.Base); code != exit.Done {
		t.Fatalf("code %d, %s", code, stderr)
	}
	s := &credentials.Store{Console: &console.Console{Environ: environ}}
	expired, err := s.Saved()
	if err != nil {
		t.Fatal(err)
	}
	expired.Expires = expired.Expires.AddDate(0, 0, -1)
	if _, err := s.Save(expired); err != nil {
		t.Fatal(err)
	}
	expired = s.Identity("", "", expired)
	got := make([]string, 4)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			token, err := (&credentials.Store{Console: &console.Console{Environ: environ}}).Fetch(t.Context(), expired)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = token.AccessToken
		})
	}
	all.Wait()
	for _, one := range got {
		if one == "" || one != got[0] {
			t.Errorf("the commands hold %d tokens: another one refreshed", len(got))
			break
		}
	}
	// A command that runs for long refreshes more than once, each time what is stored.
	for range 2 {
		saved, err := s.Saved()
		if err != nil {
			t.Fatal(err)
		}
		saved.Expires = saved.Expires.AddDate(0, 0, -1)
		if _, err := s.Save(saved); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(time.Minute) // beyond the grace of a retried refresh
		if _, err := s.Tokens(expired).Token(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// A command that was waiting while the person logged out does not store the login again.
	if code, _, stderr := terminal(t, environ, "logout"); code != exit.Done {
		t.Fatalf("logout: %d, %s", code, stderr)
	}
	if _, err := s.Fetch(t.Context(), expired); err == nil || !strings.Contains(err.Error(), "ended or replaced") {
		t.Errorf("after the logout: %v", err)
	}
}
