package redisstore_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

func strictCluster(c *redistest.Nodes) redisconn.Options {
	return redisconn.Options{Mode: redisconn.Cluster, Addrs: c.Addrs, Durability: redisconn.Strict}
}

// A change that only the master of a slot has is not acknowledged; the other slots continue.
func TestTheClusterAcknowledgesWhatAReplicaHas(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	db, err := redisconn.Open(t.Context(), strictCluster(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	grants := redisstore.NewGrants(db)
	var refs []oauth.GrantRef
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		refs = append(refs, refOf(name))
	}
	for _, ref := range refs {
		create(t, grants, ref)
	}
	c.Nodes[3].Pause() // the replica of the first third
	refused := 0
	for _, ref := range refs {
		if _, err := grants.Advance(t.Context(), redeem(ref, "the client")); err != nil {
			refused++
			if !unknown(err) {
				t.Errorf("%s: %v: executed, perhaps, and told as if it was not", ref, err)
			}
		}
	}
	if refused == 0 || refused == len(refs) {
		t.Errorf("%d of %d refused; want those of one third", refused, len(refs))
	}
	c.Nodes[3].Resume()
	for _, ref := range refs {
		redistest.Eventually(t, 20*time.Second, "the repetition is acknowledged", func() bool {
			_, err := grants.Advance(t.Context(), redeem(ref, "the client"))
			return err == nil
		})
	}
}

func TestNoAcknowledgedWriteIsLostInTheCluster(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name   string
		inject func(t *testing.T, c *redistest.Nodes)
		heal   func(t *testing.T, c *redistest.Nodes)
	}{
		{
			"kill", func(_ *testing.T, c *redistest.Nodes) { c.Nodes[0].Kill() },
			func(t *testing.T, c *redistest.Nodes) { t.Helper(); c.Nodes[0].Restart(t) }, // a master without replica acknowledges nothing
		},
		{
			"failover", func(t *testing.T, c *redistest.Nodes) { t.Helper(); c.Nodes[3].Do(t, "cluster", "failover") },
			func(*testing.T, *redistest.Nodes) {},
		},
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			c := redistest.StartCluster(t, "appendonly yes")
			ds := startDaemons(t, strictCluster(c))
			stop := ds.work(4, 5*time.Millisecond)
			await(time.Second)
			fault.inject(t, c)
			await(5 * time.Second)
			fault.heal(t, c)
			await(2 * time.Second)
			stop()
			ds.report(t)
			if found := ds.violations(t, ds.grants[0]); len(found) > 0 {
				t.Errorf("%d violations, the first: %s", len(found), found[0])
			}
		})
	}
}
