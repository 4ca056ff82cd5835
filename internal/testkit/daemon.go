package testkit

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Daemon is a complete server in this process, on free ports, with the clients and the user of the demo.
type Daemon struct {
	Base  string // the issuer
	Admin string // the operators' listener
	Clock *Clock
	Log   *Log
	Audit *Log // the audit log on stdout
	App   *app.App
}

// Option changes the settings of a Daemon.
type Option func(*config.Config)

// Resources configures protected resources.
func Resources(uris ...string) Option {
	return func(c *config.Config) {
		for _, uri := range uris {
			c.Resources = append(c.Resources, config.Resource{URI: uri})
		}
	}
}

// Redis puts the state into a standalone Redis instead of the embedded one.
func Redis(addr string) Option {
	return func(c *config.Config) {
		c.Redis.Mode, c.Redis.Addrs = "standalone", []string{addr}
		c.MasterKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	}
}

// Start starts a daemon, which stops when the test ends.
func Start(t testing.TB, options ...Option) *Daemon {
	t.Helper()
	c := config.Default(true)
	c.Log.Format, c.Log.RequestFlushInterval = "json", 0 // the tests parse the log
	c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	c.Password.Memory, c.Password.Time = 8192, 1 // the lowest cost that is allowed
	// The machine may be busy: a slow answer must not fail a test.
	c.Redis.DialTimeout, c.Redis.Timeout, c.Server.RequestTimeout = 5*time.Second, 10*time.Second, 30*time.Second
	for _, option := range options {
		option(&c)
	}
	d := &Daemon{Clock: new(Clock), Log: new(Log), Audit: new(Log)}
	a, err := app.New(t.Context(), c, app.Options{Now: d.Clock.Now, LogTo: d.Log, AuditTo: d.Audit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	d.App, d.Base, d.Admin = a, a.Issuer(), "http://"+a.AdminAddr()
	return d
}

// Demo returns the demo's confidential client, which may introspect every token.
func (d *Daemon) Demo() Party {
	return Party{Base: d.Base, ID: app.DemoClient, Secret: app.DemoSecret}
}

// SPA returns the demo's public client.
func (d *Daemon) SPA() Party { return Party{Base: d.Base, ID: app.DemoPublicClient} }

// Register registers a confidential client. Properties that the test does not set are those of the demo's client.
func (d *Daemon) Register(t testing.TB, c oauth.Client) Party {
	t.Helper()
	if c.Type == "" {
		c.Type = oauth.AppNative
	}
	if c.Scopes == nil {
		c.Scopes = oauth.Scopes{"openid", "profile", "email", "read", "write"}
	}
	if c.RedirectURIs == nil {
		c.RedirectURIs = []string{app.DemoRedirect}
	}
	registered, secret, err := d.App.Direct().Registry.Register(t.Context(), c, "")
	if err != nil {
		t.Fatal(err)
	}
	return Party{Base: d.Base, ID: string(registered.ID), Secret: secret.Reveal()}
}

// MustChange makes a user choose another password at the next sign-in, as an operator can.
func (d *Daemon) MustChange(t testing.TB, name string) {
	t.Helper()
	operators := d.App.Direct()
	user, err := operators.Directory.Find(t.Context(), name)
	if err == nil {
		_, err = operators.Operator().ChangeUser(t.Context(), user.ID, admin.Match{}, func(u *oauth.User) error {
			u.MustChange = true
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Get requests a path below the issuer.
func (d *Daemon) Get(t testing.TB, path string) Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return Do(t, request)
}

// Log collects the output of a daemon. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Facts returns every event that was emitted so far, as lines of the audit log.
func (d *Daemon) Facts(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.App.Direct().Audit.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	return d.Audit.String()
}
