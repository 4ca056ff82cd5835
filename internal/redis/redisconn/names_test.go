package redisconn_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// The Sentinels announce names; the first master announces nothing, so that after a failover it is
// listed by its address. It is one node under two addresses, and changes are acknowledged again.
func TestF_P19_ANodeWithANameAndAnAddressIsOneNode(t *testing.T) {
	t.Parallel()
	g := redistest.StartNamedGroup(t, "appendonly yes")
	db, err := redisconn.Open(t.Context(), redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: g.Addrs, MasterName: redistest.MasterName, DialTimeout: time.Second, Timeout: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := probe.New(db).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	script := counting(db)
	change := func() bool {
		_, err := db.Write(t.Context(), "count", script, []string{"auth:count"}, 1)
		if err != nil {
			t.Log(err)
		}
		return err == nil
	}
	redistest.Eventually(t, 20*time.Second, "a change is acknowledged", change)
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: g.Addrs[0], DisableIdentity: true, Protocol: 2})
	defer func() { _ = sentinel.Close() }()
	if err := sentinel.Failover(t.Context(), redistest.MasterName).Err(); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 30*time.Second, "another node is the master", func() bool {
		m := g.Master(t)
		return m != nil && m != g.Nodes[0]
	})
	redistest.Eventually(t, 60*time.Second, "the former master follows", func() bool {
		return g.Nodes[0].Do(t, "role").([]any)[0] == "slave"
	})
	// The Sentinels take some seconds until they list the former master under its address, too.
	redistest.Eventually(t, 30*time.Second, "a Sentinel lists it twice", func() bool {
		replicas, err := sentinel.Replicas(t.Context(), redistest.MasterName).Result()
		return err == nil && len(replicas) == 3
	})
	redistest.Eventually(t, 20*time.Second, "a change is acknowledged after the failover", change)
	for range 5 {
		if !change() {
			t.Error("a later change is not acknowledged")
		}
	}
	// A replica that is lost is found out as before.
	g.Nodes[0].Pause()
	redistest.Eventually(t, 30*time.Second, "changes go on without the former master", change)
	g.Nodes[0].Resume()
	redistest.Eventually(t, 30*time.Second, "changes go on with it", change)
}
