package scenario

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/cmd/bench/ceiling"
	"github.com/recipe-web-app/oauth2d/cmd/bench/load"
	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
	"github.com/recipe-web-app/oauth2d/cmd/bench/subject"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// daemon is a daemon in this process with the clients and users that Lab.Register registers.
func daemon(t *testing.T) *subject.Daemon {
	t.Helper()
	d := testkit.Start(t, func(c *config.Config) {
		c.Issuer, c.Keys.Extra = subject.Issuer, []string{"EdDSA", "RS256"}
		c.Session.Limit = 100
	})
	direct := d.App.Direct()
	s := &subject.Daemon{Secrets: map[string]string{}}
	s.Addr, s.Host = d.App.Addr(), strings.TrimPrefix(subject.Issuer, "https://")
	register := func(c oauth.Client) { s.Secrets[string(c.ID)] = d.Register(t, c).Secret }
	for _, format := range subject.Formats() {
		c := oauth.Client{
			ID: oauth.ClientID(subject.Machine(format)), Method: oauth.AuthBasic, GrantTypes: []string{oauth.GrantClientCredentials},
			Scopes: oauth.Scopes{"read"}, Introspection: oauth.IntrospectAny,
		}
		if format != "opaque" {
			c.Format, c.Algorithm = oauth.FormatJWT, format
		}
		register(c)
	}
	for n := range subject.WebClients {
		register(oauth.Client{
			ID: oauth.ClientID(subject.Web(n)), Type: oauth.AppWeb, Method: oauth.AuthBasic, Scopes: oauth.Scopes{"openid", "read"}, SkipConsent: true,
			GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}, RedirectURIs: []string{subject.Redirect},
		})
	}
	for n := range subject.Users {
		if _, err := direct.Directory.Create(t.Context(), subject.User(n), subject.Password, "", subject.User(n)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// The benchmark is not part of continuous integration. This test runs every row once, so that a change of the server cannot
// break it unnoticed.
func TestEveryRowWorks(t *testing.T) {
	t.Parallel()
	d, err := NewDaemon(t.Context(), daemon(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	for _, w := range d.Workloads() {
		callTwice(t, d.Addr, w)
	}
	answers, err := d.Answers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := ceilings(t, answers)
	for _, w := range Ceilings(s, answers) {
		callTwice(t, s.Addr, w)
	}
}

// callTwice performs a workload on one connection.
func callTwice(t *testing.T, addr string, w Workload) {
	t.Helper()
	conn, err := load.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if w.Prepare != nil {
		if err := w.Prepare(t.Context(), 2); err != nil {
			t.Fatalf("%s: %v", w.Name, err)
		}
	}
	call := w.NewCall(conn, 0)
	for range 2 {
		if err := call(); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
	}
	if w.Verify != nil {
		if err := w.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
	}
}

// ceilings serves the ceilings on a real Redis, until the test ends.
func ceilings(t *testing.T, answers map[string]ceiling.Answer) *subject.Subject {
	t.Helper()
	file := t.TempDir() + "/answers.json"
	if err := ceiling.WriteAnswers(file, answers); err != nil {
		t.Fatal(err)
	}
	var ports []string
	for range 2 {
		port, err := process.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, "127.0.0.1:"+port)
	}
	slices.Sort(ports)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- ceiling.Serve(ctx, ceiling.Options{Listen: ports[0], Control: ports[1], Redis: redistest.Start(t).Addr, Answers: file})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	redistest.Eventually(t, 10*time.Second, "the ceilings serve", func() bool {
		response, err := http.Get("http://" + ports[1] + "/health/ready") //nolint:gosec // G107: an address of this test
		if err != nil {
			return false
		}
		return response.Body.Close() == nil
	})
	return &subject.Subject{Addr: ports[0], Host: "login.test", Control: ports[1]}
}
