package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// watched are the settings of a server that evicts, has a user for the keys of a cache alone, and records every command.
func watched() []string {
	return []string{
		"maxmemory 64mb", "maxmemory-policy allkeys-lru", "slowlog-log-slower-than 0", "slowlog-max-len 100000",
		"user cache on >" + rightPassword + " ~cache:* &cache:* +@all -@dangerous +info",
	}
}

// forCache turns options into those of a connection for a cache.
func forCache(o redisconn.Options) redisconn.Options {
	o.Username, o.Password = "cache", rightPassword
	o.Prefix, o.AllowEviction, o.Commands = "cache:", true, []string{"HSET f 1", "HGET f", "DEL"}
	return patient(o)
}

// useCache opens a connection for a cache, uses all of it, and returns the error of the check.
func useCache(t *testing.T, o redisconn.Options) error {
	t.Helper()
	db := open(t, o)
	prober := probe.New(db)
	if err := prober.Check(t.Context()); err != nil {
		return err
	}
	if _, err := db.Claim(t.Context(), redisconn.Owner{Name: "https://as.example"}); err != nil {
		t.Fatal(err)
	}
	var err error
	redistest.Eventually(t, 30*time.Second, "a change is acknowledged", func() bool {
		_, err = db.Write(t.Context(), "count", counting(db), []string{"cache:n"}, 1)
		return err == nil
	})
	if _, err := prober.Health(t.Context()); err != nil {
		t.Error(err)
	}
	db.TryWriting(t.Context())
	value := redis.NewStringCmd(t.Context(), "get", "cache:n")
	if err := db.Read(t.Context(), "look", value); err != nil || value.Val() != "1" {
		t.Errorf("read %q, %v", value.Val(), err)
	}
	return nil
}

// neverAuth checks that no key of a server and no command that it ran is one of the authorization state.
func neverAuth(t *testing.T, server *redistest.Server) {
	t.Helper()
	admin := server.Admin(t)
	keys, err := admin.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "cache:") {
			t.Errorf("a key %s", key)
		}
	}
	commands, err := admin.SlowLogGet(t.Context(), -1).Result()
	if err != nil || len(commands) < 10 {
		t.Fatalf("%d commands, %v", len(commands), err)
	}
	for _, command := range commands {
		if text := strings.Join(command.Args, " "); strings.Contains(text, "auth:") {
			t.Errorf("a command %s", text)
		}
	}
}

// A cache opens a connection of its own: with its prefix, on a server that evicts, with its commands, and with nothing of
// the authorization state in it.
func TestAConnectionForACache(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		server := redistest.Start(t, watched()...)
		o := forCache(redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
		if err := useCache(t, o); err != nil {
			t.Fatal(err)
		}
		neverAuth(t, server)
	})
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		group := redistest.StartGroup(t, watched()...)
		o := forCache(redisconn.Options{Mode: redisconn.Sentinel, Addrs: group.Addrs, MasterName: redistest.MasterName})
		if err := useCache(t, o); err != nil {
			t.Fatal(err)
		}
		neverAuth(t, group.Nodes[0])
	})
}

// Each of the three options is needed: without it the check fails, and its error names the remedy.
func TestTheCheckHoldsAConnectionToItsOptions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, append(watched(), "user narrow on >"+rightPassword+" ~cache:* +@all -@dangerous +info -hget")...)
	base := forCache(redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
	for want, change := range map[string]func(*redisconn.Options){
		"maxmemory-policy allkeys-lru":     func(o *redisconn.Options) { o.AllowEviction = false },
		"may not touch keys that begin":    func(o *redisconn.Options) { o.Prefix = "" },
		"may not run hget at":              func(o *redisconn.Options) { o.Username = "narrow" },
		"grant ~other:* in its ACL":        func(o *redisconn.Options) { o.Prefix = "other:" },
		`user "cache" may not run flushdb`: func(o *redisconn.Options) { o.Commands = []string{"FLUSHDB"} },
	} {
		o := base
		change(&o)
		if err := useCache(t, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
