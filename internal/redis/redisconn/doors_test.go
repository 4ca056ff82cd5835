package redisconn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// counting returns a script that adds to a number and returns the sum.
func counting(db *redisconn.DB) *redisconn.Script {
	return db.Scripts().Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
}

func open(t *testing.T, o redisconn.Options) *redisconn.DB {
	t.Helper()
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func onServer(server *redistest.Server) redisconn.Options {
	return redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}}
}

// patient waits as long as a busy machine needs.
func patient(o redisconn.Options) redisconn.Options {
	o.DialTimeout, o.Timeout = 5*time.Second, 5*time.Second
	return o
}

func TestWhatIsQueuedLeavesTogether(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var trips, requests atomic.Int64
	o := patient(onServer(server))
	o.RoundTrip = func(n int) { trips.Add(1); requests.Add(int64(n)) }
	db := open(t, o)
	script := counting(db)
	if _, err := db.Write(t.Context(), "count", script, []string{"n"}, 0); err != nil {
		t.Fatal(err)
	}
	trips.Store(0)
	requests.Store(0)

	server.Pause() // the first batches wait for an answer, and meanwhile the rest gathers
	const callers = 500
	var wg sync.WaitGroup
	var answered atomic.Int64
	for range callers {
		wg.Go(func() {
			if _, err := db.Write(t.Context(), "count", script, []string{"n"}, 1); err != nil {
				t.Errorf("write: %v", err)
			}
			answered.Add(1)
		})
	}
	redistest.Eventually(t, 5*time.Second, "batches are under way", func() bool { return trips.Load() >= 1 })
	if answered.Load() != 0 {
		t.Error("a stopped server answers")
	}
	server.Resume()
	wg.Wait()
	if n, err := server.Admin(t).Get(t.Context(), "n").Int(); err != nil || n != callers {
		t.Errorf("counted %d (%v), want %d", n, err, callers)
	}
	if requests.Load() != callers || trips.Load() > callers/5 {
		t.Errorf("%d requests in %d pipelines", requests.Load(), trips.Load())
	}
}

func TestACallerWhoseTimeIsUpIsToldAtOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	db := open(t, patient(onServer(server)))
	script := counting(db)
	if _, err := db.Write(t.Context(), "count", script, []string{"n"}, 0); err != nil {
		t.Fatal(err)
	}
	server.Pause()
	defer server.Resume()
	for name, ask := range map[string]func(context.Context) error{
		"write": func(ctx context.Context) error {
			_, err := db.Write(ctx, "count", script, []string{"n"}, 1)
			return err
		},
		"read": func(ctx context.Context) error { return db.Read(ctx, "look", redis.NewStringCmd(ctx, "get", "n")) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		err := ask(ctx)
		cancel()
		var refused *outcome.Error
		if !errors.As(err, &refused) || refused.Result != outcome.Timeout {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: told after %v", name, took)
		}
	}
}

func TestAScriptThatTheServerForgotIsLoadedAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	db := open(t, patient(onServer(server)))
	script := counting(db)
	for want := range int64(3) {
		answer, err := db.Write(t.Context(), "count", script, []string{"n"}, 1)
		if err != nil || answer != want+1 {
			t.Fatalf("answer %v, %v, want %d", answer, err, want+1)
		}
		server.Do(t, "script", "flush")
	}
}

func TestAnAbsenceIsAnAnswer(t *testing.T) {
	t.Parallel()
	db := open(t, redisconn.Options{})
	here, away := redis.NewStringCmd(t.Context(), "get", "away"), redis.NewStringCmd(t.Context(), "get", "away")
	if err := db.Read(t.Context(), "look", here, away); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(here.Err(), redis.Nil) {
		t.Errorf("got %v", here.Err())
	}
}

func TestEveryFateHasAName(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "user weak on >secret-of-weak ~* +@all -incrby", "maxmemory-policy noeviction")
	told := make(chan string, 10)
	watched := func(o redisconn.Options) redisconn.Options {
		o.Observe = func(verb, result string, took time.Duration) { told <- fmt.Sprint(verb, " ", result, " ", took >= 0) }
		return patient(o)
	}
	fails := func(o redisconn.Options, want string) {
		t.Helper()
		db := open(t, watched(o))
		_, err := db.Write(t.Context(), "count", counting(db), []string{"n"}, 1)
		var refused *outcome.Error
		if want != outcome.OK && (!errors.As(err, &refused) || refused.Result != want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-of") {
			t.Errorf("the password stands in %q", err)
		}
		if line := <-told; line != "count "+want+" true" {
			t.Errorf("observed %q, want %s", line, want)
		}
	}
	good := onServer(server)
	fails(good, outcome.OK)
	weak, wrong := good, good
	weak.Username, weak.Password = "weak", "secret-of-weak"
	fails(weak, outcome.NoPerm)
	wrong.Username, wrong.Password = "weak", "secret-of-nobody"
	fails(wrong, outcome.NoPerm)
	server.Do(t, "config", "set", "maxmemory", "1mb")
	fails(good, outcome.OOM)
	server.Do(t, "config", "set", "maxmemory", "0")
	server.Do(t, "config", "set", "min-replicas-to-write", "1")
	fails(good, outcome.ReadOnly)
	server.Do(t, "config", "set", "min-replicas-to-write", "0")
	server.Do(t, "set", "n", "not a number")
	fails(good, outcome.Failed)
	server.Do(t, "replicaof", "127.0.0.1", "1")
	fails(good, outcome.ReadOnly)
	server.Kill()
	fails(good, outcome.Unreachable)
}

func TestNobodyIsServedAfterClose(t *testing.T) {
	t.Parallel()
	db, err := redisconn.Open(t.Context(), redisconn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Write(t.Context(), "count", counting(db), []string{"n"}, 1); err == nil {
		t.Error("a write after Close")
	}
	if err := db.Read(t.Context(), "look", redis.NewStringCmd(t.Context(), "get", "n")); err == nil {
		t.Error("a read after Close")
	}
}

func TestTheEmbeddedServersTimePasses(t *testing.T) {
	t.Parallel()
	db := open(t, redisconn.Options{})
	brief := db.Scripts().Script("return redis.call('SET', KEYS[1], '1', 'PX', 50)")
	if _, err := db.Write(t.Context(), "set", brief, []string{"k"}); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 5*time.Second, "the key is gone", func() bool {
		cmd := redis.NewStringCmd(t.Context(), "get", "k")
		return db.Read(t.Context(), "look", cmd) == nil && errors.Is(cmd.Err(), redis.Nil)
	})
}

func TestOptionsAreJudgedBeforeAnythingOpens(t *testing.T) {
	t.Parallel()
	for _, o := range []redisconn.Options{
		{Mode: "magic"},
		{Mode: redisconn.Standalone},
		{Mode: redisconn.Standalone, Addrs: []string{""}},
		{Mode: redisconn.Standalone, Addrs: []string{"a:1", "b:1"}},
		{Mode: redisconn.Sentinel, Addrs: []string{"a:1"}},
		{Mode: redisconn.Cluster, Addrs: []string{"a:1"}, DB: 1},
	} {
		if db, err := redisconn.Open(t.Context(), o); err == nil {
			_ = db.Close()
			t.Errorf("%+v is accepted", o)
		}
	}
}

// An absence means denied, so a server that refuses the connection itself must not look like one
// that answered "not there". (The driver leaves the commands of such a pipeline without an error.)
func TestARefusedConnectionIsNoAnswer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "user default on >"+"the-right-password"+" ~* +@all")
	o := patient(onServer(server))
	o.Password = "the-wrong-password"
	db := open(t, o)
	if answer, err := db.Write(t.Context(), "count", counting(db), []string{"n"}, 1); err == nil {
		t.Errorf("a write was answered: %v", answer)
	}
	var refused *outcome.Error
	err := db.Read(t.Context(), "look", redis.NewStringCmd(t.Context(), "get", "n"))
	if !errors.As(err, &refused) || refused.Result != outcome.NoPerm {
		t.Errorf("a read was answered: %v", err)
	}
}
