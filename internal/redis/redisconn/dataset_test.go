package redisconn_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// claimed opens a cluster whose data this daemon may use.
func claimed(t *testing.T, o redisconn.Options) *redisconn.DB {
	t.Helper()
	o.Mode, o.DialTimeout = redisconn.Cluster, time.Second
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	redistest.Eventually(t, 20*time.Second, "the data is claimed", func() bool {
		_, err := db.Claim(t.Context(), redisconn.Owner{Name: "https://as.example"})
		return err == nil
	})
	return db
}

// Each master of a cluster may lose its data alone. What is absent there is not "absent", and when one
// is lost nothing is served until it is back or the daemon starts again.
func TestF_P17_AnEmptiedMasterOfAClusterIsNeverNo(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for _, durability := range []redisconn.Durability{redisconn.Relaxed, redisconn.Strict} {
		t.Run(string(durability), func(t *testing.T) {
			open := func() *redisconn.DB {
				return claimed(t, redisconn.Options{Addrs: cluster.Addrs, Durability: durability, Timeout: 5 * time.Second})
			}
			db := open()
			for i := range 20 { // on every master some
				if _, err := db.Write(t.Context(), "count", counting(db), []string{fmt.Sprint("auth:k", i)}, 1); err != nil {
					t.Fatal(err)
				}
			}
			cluster.Nodes[1].Do(t, "flushall")
			lost := 0
			for i := range 20 {
				value := redis.NewStringCmd(t.Context(), "get", fmt.Sprint("auth:k", i))
				switch err := db.Read(t.Context(), "look", value); {
				case err != nil:
					lost++
				case errors.Is(value.Err(), redis.Nil):
					t.Errorf("%s: key %d is called absent", durability, i)
				}
			}
			if _, err := db.Write(t.Context(), "count", counting(db), []string{"auth:k1"}, 1); err == nil {
				t.Errorf("%s: a change is acknowledged", durability)
			}
			h, err := probe.New(db).Health(t.Context())
			if err != nil || !h.DataLost || lost == 0 {
				t.Errorf("%s: %d reads failed, gone %t, %v", durability, lost, h.DataLost, err)
			}
			again := open() // which accepts the loss
			if _, err := again.Write(t.Context(), "count", counting(db), []string{"auth:k1"}, 1); err != nil {
				t.Errorf("%s: after a restart: %v", durability, err)
			}
			if _, err := again.Claim(t.Context(), redisconn.Owner{Name: "https://other.example"}); !errors.Is(err, redisconn.ErrOwner) {
				t.Errorf("%s: another issuer: %v", durability, err)
			}
		})
	}
}

// Requests of many callers leave in one pipeline. A master of a cluster that is silent fails those that need
// it, and not the ones beside them that the other masters answered.
func TestF_S01_ASilentMasterOfAClusterFailsItsOwnRequestsOnly(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, "cluster-node-timeout 60000")
	silent := cluster.Nodes[0].Admin(t)
	var theirs, others []string
	for i := range 60 {
		key := fmt.Sprint("auth:k", i)
		if err := silent.Set(t.Context(), key, "1", 0).Err(); err == nil {
			theirs = append(theirs, key)
		} else {
			others = append(others, key)
		}
	}
	db := claimed(t, redisconn.Options{Addrs: cluster.Addrs, Durability: redisconn.Relaxed, Timeout: time.Second})
	for _, key := range others {
		if _, err := db.Write(t.Context(), "count", counting(db), []string{key}, 1); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Nodes[0].Pause()
	t.Cleanup(cluster.Nodes[0].Resume)
	var all sync.WaitGroup
	for i := range max(len(theirs), len(others)) {
		key, beside := others[i%len(others)], theirs[i%len(theirs)]
		all.Go(func() {
			value := redis.NewStringCmd(t.Context(), "get", beside)
			if err := db.Read(t.Context(), "look", value); err == nil {
				t.Errorf("a read of the silent master: %v", value)
			}
		})
		all.Go(func() {
			value := redis.NewStringCmd(t.Context(), "get", key)
			if err := db.Read(t.Context(), "look", value); err != nil || value.Val() == "" {
				t.Errorf("a read of another master: %q, %v", value.Val(), err)
			}
		})
		all.Go(func() {
			if _, err := db.Write(t.Context(), "count", counting(db), []string{key}, 1); err != nil {
				t.Errorf("a write to another master: %v", err)
			}
		})
	}
	all.Wait()
}
