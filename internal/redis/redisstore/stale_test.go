package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// A Sentinel that missed the failover names another master, and it is the first in the list. The other two name the
// real master: the daemon writes and reads only there.
func TestS11_AStaleSentinelIsOutvoted(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	isolated := redistest.Start(t, "appendonly yes")
	stale := g.Sentinels[0]
	stale.Do(t, "sentinel", "remove", redistest.MasterName)
	stale.Do(t, "sentinel", "monitor", redistest.MasterName, "127.0.0.1", isolated.Port(), 2)

	_, grants := openStrict(t, g)
	for _, ref := range []oauth.GrantRef{"a", "b", "c", "d"} {
		create(t, grants, ref)
		if _, err := grants.Get(t.Context(), ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if keys := isolated.Do(t, "dbsize"); keys != int64(0) {
		t.Errorf("the isolated server holds %v keys", keys)
	}
	if keys := g.Nodes[0].Do(t, "dbsize"); keys == int64(0) {
		t.Error("the master holds nothing")
	}
}

// Two of three Sentinels name different masters, and the third does not answer: there is no majority, and the daemon
// accepts neither.
func TestS11_WithoutAMajorityNobodyIsBelieved(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	_, grants := openStrict(t, g)
	create(t, grants, "mine")
	isolated := redistest.Start(t, "appendonly yes")
	g.Sentinels[2].Kill()
	g.Sentinels[0].Do(t, "sentinel", "remove", redistest.MasterName)
	g.Sentinels[0].Do(t, "sentinel", "monitor", redistest.MasterName, "127.0.0.1", isolated.Port(), 2)
	redistest.Eventually(t, 10*time.Second, "reads stop", func() bool {
		_, err := grants.Get(t.Context(), "mine")
		return err != nil && !errors.Is(err, store.Absent)
	})
	// Writes may continue: every replica that could be promoted has them.
	if got, err := grants.Advance(t.Context(), redeem("mine", "the client")); err == nil && got.Verdict != oauth.Advanced {
		t.Errorf("a live code is %q", got.Verdict)
	}
	if keys := isolated.Do(t, "dbsize"); keys != int64(0) {
		t.Errorf("the isolated server holds %v keys", keys)
	}
}

// The driver of relaxed durability accepts the first Sentinel that answers, but it does not accept a replica as a
// master.
func TestS11_AReplicaIsNotTakenForAMaster(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	stale := g.Sentinels[0]
	stale.Do(t, "sentinel", "remove", redistest.MasterName)
	other := redistest.Start(t, "replicaof 127.0.0.1 "+g.Nodes[0].Port(), "replica-read-only no") // it would accept writes
	stale.Do(t, "sentinel", "monitor", redistest.MasterName, "127.0.0.1", other.Port(), 2)
	db, err := redisconn.Open(t.Context(), redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: []string{stale.Addr}, MasterName: redistest.MasterName, Durability: redisconn.Relaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := redisstore.NewGrants(db).Create(t.Context(), grantOf("lost", time.Now())); err == nil {
		t.Error("a replica is written to")
	}
}
