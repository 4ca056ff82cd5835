package probe_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// counting returns a script that adds to a number and returns the sum.
func counting() *redisconn.Script {
	return pipeline.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
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
	return redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Commands: []string{"HSET f 1", "DEL"}}
}

// patient lengthens the timeouts for a busy machine.
func patient(o redisconn.Options) redisconn.Options {
	o.DialTimeout, o.Timeout = 5*time.Second, 5*time.Second
	return o
}
