package deploy_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// oldMasterReturns kills the master, sees another one take over with the data, and starts the old
// one again: it asks the Sentinels and comes back as a replica.
func (g *group) oldMasterReturns(t *testing.T) {
	g.write(t, "auth:test:first", "1")
	old := g.mustMaster(t)
	g.kill(t, old)
	master := g.newMaster(t, old)
	if err := g.holds("auth:test:first", "1", master); err != nil {
		t.Error(err)
	}
	log := g.start(t, old)
	says(t, log, "starts as replica of 127.0.0.1:"+master)
	eventually(t, "the old master as replica", func() error { return g.role(old, "slave") })
	g.up(t) // waits until every Sentinel sees the group whole again
}

// emptyMaster starts the master with its data gone before the Sentinels have noticed anything (S12).
// Even BOOTSTRAP=yes, forgotten in somebody's settings, must not make it a master.
func (g *group) emptyMaster(t *testing.T) {
	g.write(t, "auth:test:second", "2")
	old := g.mustMaster(t)
	g.downAfter(t, "10000")
	g.kill(t, old)
	if err := os.RemoveAll(filepath.Join(g.path(old, ""), "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	log := g.start(t, old, "BOOTSTRAP=yes")
	says(t, log, "waiting: the Sentinels name this node as master, and it has no data")
	g.downAfter(t, "1500")
	master := g.newMaster(t, old)
	says(t, log, "starts as replica of 127.0.0.1:"+master)
	eventually(t, "the data on every node", func() error { return g.holds("auth:test:second", "2", g.redis...) })
	g.up(t)
}

// restartKeepsScripts kills the master and starts it again before the Sentinels notice: what scripts changed, several keys
// at once, must come back from its append-only file. Redis reads that file as the user default, within its rights.
func (g *group) restartKeepsScripts(t *testing.T) {
	master := g.mustMaster(t)
	script := "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('SET', KEYS[2], ARGV[1])"
	eventually(t, "a script's write", func() error {
		text, err := g.as("app", master, "EVAL", script, "2", "auth:test:one", "auth:test:two", "3")
		if err == nil && text != "OK" {
			err = errors.New(text)
		}
		return err
	})
	for _, key := range []string{"auth:test:one", "auth:test:two"} {
		eventually(t, "replicas with the write", func() error { return g.holds(key, "3", g.redis...) })
	}
	g.downAfter(t, "30000")
	g.kill(t, master)
	log := g.start(t, master)
	says(t, log, "starts as master")
	eventually(t, "the master", func() error { return g.role(master, "master") })
	for _, key := range []string{"auth:test:one", "auth:test:two"} {
		if err := g.holds(key, "3", master); err != nil {
			t.Error(err)
		}
	}
	g.downAfter(t, "1500")
	g.up(t)
}

// downAfter sets how many milliseconds the Sentinels wait before they mark a node as down.
func (g *group) downAfter(t *testing.T, ms string) {
	t.Helper()
	for _, port := range g.sentinels {
		text, err := g.as("admin", port, "SENTINEL", "SET", "mymaster", "down-after-milliseconds", ms)
		if err != nil || text != "OK" {
			t.Fatalf("SENTINEL SET: %q: %v", text, err)
		}
	}
}

// noMajority starts a node while two of three Sentinels are gone: it waits for them.
func (g *group) noMajority(t *testing.T) {
	node := g.mustMaster(t)
	g.kill(t, g.sentinels[0])
	g.kill(t, g.sentinels[1])
	g.kill(t, node)
	log := g.start(t, node)
	says(t, log, "waiting: no majority of the Sentinels names a master (1 answer)")
	if text, err := g.cli(node, "", "", "PING"); err == nil {
		t.Errorf("a node without a majority of Sentinels answers: %s", text)
	}
	g.up(t) // brings the two Sentinels back, and with them the node
	says(t, log, "starts as")
}

// forgetfulSentinel takes a Sentinel's memory after the first master was left: it must believe the
// others and not its settings, which name that first master.
func (g *group) forgetfulSentinel(t *testing.T) {
	master := g.mustMaster(t)
	if first := g.redis[0]; master == first {
		g.kill(t, first)
		master = g.newMaster(t, first)
		g.up(t)
	}
	g.downAfter(t, "30000") // a busy machine's own failover would look like a Sentinel that believed its settings
	g.kill(t, g.sentinels[2])
	if err := os.RemoveAll(g.path(g.sentinels[2], "")); err != nil {
		t.Fatal(err)
	}
	g.up(t)
	if named := g.mustMaster(t); named != master {
		t.Errorf("the Sentinels name %s, want %s", named, master)
	}
	g.downAfter(t, "1500")
}
