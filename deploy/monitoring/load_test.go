//go:build monitoring

package monitoring_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const password = "a long enough password"

// register makes the clients and people of the load.
func (c *chain) register(t *testing.T) {
	t.Helper()
	for id, words := range map[string]string{
		"web":     "--grant authorization_code,refresh_token,client_credentials --redirect-uri " + testkit.Callback,
		"first":   "--grant client_credentials --introspection any",
		"second":  "--grant client_credentials --introspection any",
		"own":     "--grant client_credentials --introspection own",
		"limited": "--grant client_credentials --requests-per-minute 30",
		"ops":     "--grant client_credentials",
	} {
		scope := "read write"
		if id == "ops" {
			scope = "admin:*"
		}
		words := append([]string{"--local", "--", "client", "create", id, "--direct", "--scope", scope}, strings.Fields(words)...)
		secret := c.script(t, "cli", nil, words...)
		c.clients[id] = testkit.Party{Base: c.bases[0], ID: id, Secret: secret}
	}
	file := filepath.Join(c.dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "grace", "victim"} {
		c.script(t, "cli", nil, "--local", "--", "user", "create", name, "--direct", "--password-file", file)
	}
}

// at returns a client as a party of the other daemon.
func (c *chain) at(daemon int, id string) testkit.Party {
	p := c.clients[id]
	p.Base = c.bases[daemon]
	return p
}

// person returns somebody with an empty browser.
func (c *chain) person(t testing.TB, name string) *testkit.Person {
	p := testkit.NewPerson(t)
	p.Name, p.Password = name, password
	return p
}

// quiet is a testing.TB that ends the work at hand instead of the test: under a fault requests fail.
type quiet struct {
	testing.TB
	ctx context.Context
}

type failure struct{ reason string }

func (q quiet) Context() context.Context          { return q.ctx }
func (q quiet) Helper()                           {}
func (q quiet) Fatal(args ...any)                 { panic(failure{fmt.Sprint(args...)}) }
func (q quiet) Fatalf(format string, args ...any) { panic(failure{fmt.Sprintf(format, args...)}) }

// load repeats work until the test ends.
type load struct {
	mu           sync.Mutex
	done, failed int
	last         string
}

func (l *load) repeat(ctx context.Context, t *testing.T, pause time.Duration, work func(testing.TB)) {
	once := func() {
		defer func() {
			reason := recover()
			f, failed := reason.(failure)
			if reason != nil && !failed {
				panic(reason)
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.done++
			if failed {
				l.failed++
				l.last = f.reason
			}
		}()
		work(quiet{t, ctx})
	}
	for ctx.Err() == nil {
		once()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// start runs the load on both daemons and on the cache.
func (c *chain) start(t *testing.T) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l, busy := &load{}, sync.WaitGroup{}
	t.Cleanup(func() { stop(); busy.Wait() })
	run := func(pause time.Duration, work func(testing.TB)) {
		busy.Add(1)
		go func() { defer busy.Done(); l.repeat(ctx, t, pause, work) }()
	}
	for daemon := range c.bases {
		n := 0
		run(100*time.Millisecond, func(t testing.TB) {
			token := c.machineToken(t, daemon, "web")
			c.at(daemon, "first").Introspect(t, token)
			n++
			if n%5 == 0 {
				c.at(daemon, "own").Introspect(t, token)
				c.at(daemon, "web").Revoke(t, token)
			}
		})
	}
	run(2*time.Second, c.signIn)
	run(500*time.Millisecond, func(t testing.TB) { c.clients["web"].Redeem(t, "no-such-code") })
	run(2*time.Second, func(t testing.TB) { c.machineToken(t, 0, "limited"); c.machineToken(t, 0, "limited") })
	run(20*time.Second, func(t testing.TB) {
		wrong := c.clients["second"]
		wrong.Secret = "wrong"
		wrong.Introspect(t, "x")
		c.change(t)
	})
	n := 0
	run(50*time.Millisecond, func(testing.TB) {
		n++
		key := fmt.Sprintf("cache:recipes:%d", n%50)
		if c.cache.Get(ctx, key).Err() != nil {
			_ = c.cache.Set(ctx, key, "text", time.Minute).Err()
		}
		_ = c.cache.Get(ctx, fmt.Sprintf("cache:recipes:missing:%d", n%10)).Err()
	})
	return l
}

// machineToken requests a token; "" for a refusal.
func (c *chain) machineToken(t testing.TB, daemon int, id string) string {
	return c.at(daemon, id).Token(t, url.Values{"grant_type": {"client_credentials"}}).Text("access_token")
}

// signIn walks through a sign-in with consent, refresh and another sign-in whose consent is denied.
func (c *chain) signIn(t testing.TB) {
	web := c.clients["web"]
	ada := c.person(t, "ada")
	answer := web.Login(t, ada)
	web.Refresh(t, answer.Text("refresh_token"))
	page := ada.Follow(t, web.AuthorizeURL(map[string]string{"prompt": "consent"}))
	if strings.Contains(page.Body, `value="deny"`) {
		ada.Submit(t, page, map[string]string{"decision": "deny"})
	}
}

// change is a change that an operator makes through the admin API.
func (c *chain) change(t testing.TB) {
	token := c.machineToken(t, 0, "ops")
	body := fmt.Sprintf(`{"client_name": "Limited %d"}`, time.Now().Unix())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+c.operators[0]+"/admin/v1/clients/limited", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/merge-patch+json")
	if answer := testkit.Do(t, request); answer.Status >= 400 {
		t.Fatalf("changing a client: %d %s", answer.Status, answer.Raw)
	}
}
