package app_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// ready returns the answer of the operators' listener.
func ready(t *testing.T, d *testkit.Daemon) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/health/ready", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer := testkit.Do(t, request)
	return answer.Status, answer.Raw
}

func eventuallyReady(t *testing.T, d *testkit.Daemon, status int, words string) {
	t.Helper()
	last := ""
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("ready said last: %s", last)
		}
	})
	redistest.Eventually(t, 20*time.Second, "ready says "+words, func() bool {
		d.Clock.Advance(100 * time.Millisecond)
		got, body := ready(t, d)
		last = body
		return got == status && strings.Contains(body, words)
	})
}

func askToken(t *testing.T, d *testkit.Daemon) testkit.Answer {
	t.Helper()
	return d.Demo().Token(t, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
}

func tokenOf(t *testing.T, d *testkit.Daemon) string {
	t.Helper()
	answer := askToken(t, d)
	token := answer.Text("access_token")
	if token == "" {
		t.Fatalf("no token: %d %s", answer.Status, answer.Raw)
	}
	return token
}

// An emptied Redis is answered with 503, for every request; it is never treated as data that was deleted. A daemon that
// is restarted accepts the loss.
func TestF_P17_AnEmptiedRedisIsNeverNo(t *testing.T) {
	t.Parallel()
	for name, emptyIt := range map[string]func(t *testing.T, s *redistest.Server){
		"FLUSHALL": func(t *testing.T, s *redistest.Server) { t.Helper(); s.Do(t, "flushall") },
		"a restart without its data": func(t *testing.T, s *redistest.Server) {
			t.Helper()
			s.Kill()
			s.Restart(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			d := testkit.Start(t, testkit.Redis(server.Addr))
			token := tokenOf(t, d)
			emptyIt(t, server)
			for range 3 {
				if got := askToken(t, d); got.Status != http.StatusServiceUnavailable {
					t.Errorf("a known client gets %d %s", got.Status, got.Raw)
				}
				if got := d.Demo().Introspect(t, token); got.Status != http.StatusServiceUnavailable {
					t.Errorf("introspection of a live token: %d %s", got.Status, got.Raw)
				}
			}
			eventuallyReady(t, d, http.StatusServiceUnavailable, "the data set is gone")
			if log := d.Log.String(); strings.Count(log, "acknowledged data is gone") != 1 || !strings.Contains(log, `"level":"ERROR"`) {
				t.Errorf("the log: %s", log)
			}
			if keys := server.Do(t, "keys", "auth:client:*"); len(keys.([]any)) != 0 {
				t.Errorf("the empty Redis was written to: %v", keys)
			}
			again := testkit.Start(t, testkit.Redis(server.Addr))
			_ = tokenOf(t, again)
		})
	}
}

// When the data comes back (a replica is promoted by hand, a backup is restored), the daemon serves again.
func TestF_P17_DataThatComesBackIsServed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	name := server.Do(t, "get", "auth:history")
	server.Do(t, "rename", "auth:history", "aside")
	if got := askToken(t, d); got.Status != http.StatusServiceUnavailable {
		t.Fatalf("%d %s", got.Status, got.Raw)
	}
	server.Do(t, "set", "auth:history", name)
	redistest.Eventually(t, 5*time.Second, "the daemon serves again", func() bool { // it asks at most every 50 ms
		return askToken(t, d).Status == http.StatusOK
	})
	eventuallyReady(t, d, http.StatusOK, "keeps nothing on disk")
}

// Health reports the outcome of changes, and not only the answer to PING.
func TestF_P18_HealthFollowsTheOutcomeOfChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		breaks func(t *testing.T, s *redistest.Server)
		mends  func(t *testing.T, s *redistest.Server)
		words  string
	}{
		"MISCONF": {func(t *testing.T, s *redistest.Server) {
			t.Helper()
			if err := os.RemoveAll(s.Dir); err != nil {
				t.Fatal(err)
			}
			s.Do(t, "bgsave")
			redistest.Eventually(t, 10*time.Second, "the snapshot fails", func() bool {
				return strings.Contains(s.Do(t, "info", "persistence").(string), "rdb_last_bgsave_status:err")
			})
		}, func(t *testing.T, s *redistest.Server) {
			t.Helper()
			s.Do(t, "config", "set", "stop-writes-on-bgsave-error", "no")
		}, "cannot save to disk (MISCONF)"},
		"OOM": {
			func(t *testing.T, s *redistest.Server) { t.Helper(); s.Do(t, "config", "set", "maxmemory", "1") },
			func(t *testing.T, s *redistest.Server) { t.Helper(); s.Do(t, "config", "set", "maxmemory", "0") },
			"Redis is full (OOM)",
		},
		"NOREPLICAS": {
			func(t *testing.T, s *redistest.Server) {
				t.Helper()
				s.Do(t, "config", "set", "min-replicas-to-write", "1")
			},
			func(t *testing.T, s *redistest.Server) {
				t.Helper()
				s.Do(t, "config", "set", "min-replicas-to-write", "0")
			},
			"too few replicas",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, "save 3600 1", "appendonly no")
			d := testkit.Start(t, testkit.Redis(server.Addr))
			eventuallyReady(t, d, http.StatusOK, `"redis":"ok"`)
			test.breaks(t, server)
			eventuallyReady(t, d, http.StatusOK, test.words) // without any request in between
			if _, body := ready(t, d); !strings.Contains(body, `"status":"degraded"`) {
				t.Errorf("ready: %s", body)
			}
			test.mends(t, server)
			eventuallyReady(t, d, http.StatusOK, `"redis":"ok"`)
		})
	}
}

// The start, ready and doctor report the same about a Redis without persistence.
func TestF_N03_ARedisWithoutPersistenceIsReportedEverywhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings []string
		words    string
		status   string
		verdict  app.Verdict
	}{
		"nothing":   {[]string{"appendonly no"}, "keeps nothing on disk", "degraded", app.Failing},
		"snapshots": {[]string{"appendonly no", "save 3600 1"}, "takes snapshots only", "ready", app.Doubt},
		"log":       {[]string{"appendonly yes"}, "", "ready", app.Well},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, test.settings...)
			var c config.Config
			d := testkit.Start(t, testkit.Redis(server.Addr), func(made *config.Config) { c = *made })
			eventuallyReady(t, d, http.StatusOK, `"status":"`+test.status+`"`)
			_, body := ready(t, d)
			log := d.Log.String()
			if test.words == "" {
				if strings.Contains(log, `"level":"WARN"`) || strings.Contains(body, "details") {
					t.Errorf("log %s, ready %s", log, body)
				}
			} else if !strings.Contains(log, test.words) || !strings.Contains(body, test.words) {
				t.Errorf("log %s, ready %s", log, body)
			}
			for _, f := range app.Examine(t.Context(), c) {
				if f.Check == "redis persistence" && (f.Verdict != test.verdict || !strings.Contains(f.Found, test.words)) {
					t.Errorf("doctor: %+v", f)
				}
			}
		})
	}
}

func TestF_N07_ReadyStatesTheDurability(t *testing.T) {
	t.Parallel()
	if _, body := ready(t, testkit.Start(t)); !strings.Contains(body, `"durability":"relaxed"`) {
		t.Errorf("ready: %s", body)
	}
}

// of configures a daemon that is not a demo: its issuer is set.
func of(issuer, previous string) testkit.Option {
	return func(c *config.Config) { c.Issuer, c.IssuerPrevious = issuer, previous }
}

func startError(t *testing.T, addr string, options ...testkit.Option) error {
	t.Helper()
	c := config.Default(true)
	c.Server.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	testkit.Redis(addr)(&c)
	for _, option := range options {
		option(&c)
	}
	a, err := app.New(t.Context(), c, app.Options{Now: time.Now, LogTo: io.Discard, AuditTo: io.Discard})
	if err == nil {
		_ = a.Stop(context.Background())
	}
	return err
}

// Redis stores the issuer of its data.
func TestF_S26_ARedisOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	if err := startError(t, server.Addr, of("https://a.example", "")); err != nil {
		t.Fatal(err)
	}
	if err := startError(t, server.Addr, of("https://a.example", "")); err != nil {
		t.Errorf("the same issuer is refused: %v", err)
	}
	for who, other := range map[string]testkit.Option{"another": of("https://b.example", ""), "the demo": of("", "")} {
		err := startError(t, server.Addr, other)
		if err == nil || !strings.Contains(err.Error(), "the data of another issuer, https://a.example") || !strings.Contains(err.Error(), "issuer_previous") {
			t.Errorf("%s: %v", who, err)
		}
	}
	if err := startError(t, server.Addr, of("https://b.example", "https://a.example")); err != nil {
		t.Errorf("a renamed issuer is refused: %v", err)
	}
	if err := startError(t, server.Addr, of("https://a.example", "")); err == nil {
		t.Error("the earlier name still starts")
	}
}

// Two issuers that share a Redis nevertheless accept no credentials of each other.
func TestF_S26_CredentialsAreBoundToTheirIssuer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	one := testkit.Start(t, testkit.Redis(server.Addr)) // two demos, whose issuers differ by the port
	two := testkit.Start(t, testkit.Redis(server.Addr))
	token := tokenOf(t, one)
	if got := one.Demo().Introspect(t, token); !strings.Contains(got.Raw, `"active":true`) {
		t.Fatalf("at its issuer: %s", got.Raw)
	}
	if got := two.Demo().Introspect(t, token); !strings.Contains(got.Raw, `"active":false`) {
		t.Errorf("an opaque token of another issuer: %s", got.Raw)
	}
}

// The start waits for a Redis that cannot be reached yet, logs that, and fails when the time is over.
func TestF_Start_WaitsForRedis(t *testing.T) {
	t.Parallel()
	const nobody = "127.0.0.9:1" // nothing listens there
	err := startError(t, nobody, func(c *config.Config) { c.Redis.StartTimeout = 300 * time.Millisecond })
	if err == nil || !strings.Contains(err.Error(), "waited 300ms") || !strings.Contains(err.Error(), "nothing listens at "+nobody) {
		t.Errorf("given up with %v", err)
	}
	server := redistest.Start(t)
	server.Pause() // it keeps its port
	log := new(testkit.Log)
	c := config.Default(true)
	c.Server.Listen, c.Admin.Listen, c.Redis.StartTimeout = "127.0.0.1:0", "127.0.0.1:0", time.Minute
	c.Log.Format, c.Redis.Timeout = "json", 200*time.Millisecond
	testkit.Redis(server.Addr)(&c)
	started := make(chan error, 1)
	go func() {
		a, err := app.New(context.Background(), c, app.Options{Now: time.Now, LogTo: log, AuditTo: io.Discard})
		if err == nil {
			_ = a.Stop(context.Background())
		}
		started <- err
	}()
	redistest.Eventually(t, 10*time.Second, "it says that it waits", func() bool {
		return strings.Contains(log.String(), `"msg":"waiting for Redis"`)
	})
	server.Resume()
	if err := <-started; err != nil {
		t.Errorf("it does not start: %v", err)
	}
	if strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("waiting is an error: %s", log)
	}
}

// A fault that waiting cannot cure is reported at once.
func TestF_Start_AWrongPasswordIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "requirepass right")
	begin := time.Now()
	err := startError(t, server.Addr, func(c *config.Config) { c.Redis.Password, c.Redis.StartTimeout = "wrong", time.Hour })
	if err == nil || !strings.Contains(err.Error(), "password") || time.Since(begin) > 20*time.Second {
		t.Errorf("after %s: %v", time.Since(begin), err)
	}
}
