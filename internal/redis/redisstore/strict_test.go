package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func openStrict(t *testing.T, g *redistest.Group) (*redisconn.DB, *redisstore.Grants) {
	t.Helper()
	db, err := redisconn.Open(t.Context(), redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: g.Addrs, MasterName: redistest.MasterName,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	grants := redisstore.NewGrants(db)
	redistest.Eventually(t, 20*time.Second, "it writes", func() bool { return grants.Kill(t.Context(), "warm") == nil })
	return db, grants
}

func create(t *testing.T, grants *redisstore.Grants, ref oauth.GrantRef) {
	t.Helper()
	if err := grants.Create(t.Context(), grantOf(ref, time.Now())); err != nil {
		t.Fatal(err)
	}
}

func unknown(err error) bool {
	var failed *outcome.Error
	return errors.As(err, &failed) && failed.Unknown()
}

// Only the master has the redemption: neither it nor its repetition may be acknowledged. When the replicas are back,
// the same presenter succeeds, and another one does not.
func TestAnUnknownOutcomeIsNotANo(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	_, grants := openStrict(t, g)
	create(t, grants, "mine")
	create(t, grants, "stolen")
	for _, replica := range g.Nodes[1:] {
		replica.Pause()
	}
	mine, stolen := redeem("mine", "the client"), redeem("stolen", "the client")
	for range 2 {
		if got, err := grants.Advance(t.Context(), mine); !unknown(err) {
			t.Errorf("%q, %v: acknowledged although only the master has it", got.Verdict, err)
		}
		if got, err := grants.Advance(t.Context(), stolen); !unknown(err) {
			t.Errorf("%q, %v: acknowledged although only the master has it", got.Verdict, err)
		}
	}
	for _, replica := range g.Nodes[1:] {
		replica.Resume()
	}
	redistest.Eventually(t, 20*time.Second, "it writes again", func() bool { return grants.Kill(t.Context(), "x") == nil })
	if got, err := grants.Advance(t.Context(), mine); err != nil || got.Verdict != oauth.Retried {
		t.Errorf("the same presenter is told %q, %v", got.Verdict, err)
	}
	if got, err := grants.Advance(t.Context(), redeem("stolen", "a thief")); err != nil || got.Verdict != oauth.Reused {
		t.Errorf("another presenter is told %q, %v", got.Verdict, err)
	}
	late := redeem("mine", "the client")
	late.Now = mine.Now.Add(31 * time.Second)
	if got, err := grants.Advance(t.Context(), late); err != nil || got.Verdict != oauth.Reused {
		t.Errorf("after 30 seconds the same presenter is told %q, %v", got.Verdict, err)
	}
}

// A master that has lost acknowledged changes gets them again before it serves. (The test renames its history, so that
// nothing proves that the history is complete.)
func TestNegativeFactsAreRedone(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes", "enable-debug-command yes")
	db, grants := openStrict(t, g)
	for _, ref := range []oauth.GrantRef{"spent", "killed", "untouched"} {
		create(t, grants, ref)
	}
	master := g.Nodes[0].Admin(t)
	killed := master.HGetAll(t.Context(), "auth:grant:killed").Val()
	if got, err := grants.Advance(t.Context(), redeem("spent", "the client")); err != nil || got.Verdict != oauth.Advanced {
		t.Fatal(got.Verdict, err)
	}
	if err := grants.Kill(t.Context(), "killed"); err != nil {
		t.Fatal(err)
	}
	forget := master.TxPipeline()
	forget.HSet(t.Context(), "auth:grant:spent", "serial", 0)
	forget.HSet(t.Context(), "auth:grant:killed", killed)
	forget.Set(t.Context(), "auth:fence", 0, redis.KeepTTL)
	forget.Do(t.Context(), "debug", "change-repl-id")
	if _, err := forget.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 20*time.Second, "the loss is told", func() bool {
		h, err := probe.New(db).Health(t.Context())
		return err == nil && h.Strict.Losses == 1
	})
	redistest.Eventually(t, 20*time.Second, "it serves again", func() bool { return grants.Kill(t.Context(), "x") == nil })
	if _, err := grants.Get(t.Context(), "killed"); !errors.Is(err, store.Absent) {
		t.Errorf("a killed grant is back: %v", err)
	}
	if got, err := grants.Advance(t.Context(), redeem("spent", "a thief")); err != nil || got.Verdict != oauth.Reused {
		t.Errorf("a spent code is %q, %v", got.Verdict, err)
	}
	if got, err := grants.Advance(t.Context(), redeem("untouched", "the client")); err != nil || got.Verdict != oauth.Advanced {
		t.Errorf("a live code is %q, %v", got.Verdict, err)
	}
}

// Redis came back empty: nothing is served until an operator acts.
func TestS12_AnEmptyRedisIsNotServed(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	db, grants := openStrict(t, g)
	create(t, grants, "gone")
	for _, node := range g.Nodes {
		node.Kill()
	}
	for _, node := range g.Nodes {
		node.Restart(t)
	}
	redistest.Eventually(t, 20*time.Second, "the loss is told", func() bool {
		h, err := probe.New(db).Health(t.Context())
		return err == nil && h.Strict.DataLost
	})
	if err := grants.Create(t.Context(), grantOf("new", time.Now())); err == nil {
		t.Error("a write is acknowledged")
	}
	if _, err := grants.Get(t.Context(), "gone"); err == nil || errors.Is(err, store.Absent) {
		t.Errorf("a read is answered: %v", err)
	}
	_, restarted := openStrict(t, g)
	if _, err := restarted.Get(t.Context(), "gone"); !errors.Is(err, store.Absent) {
		t.Errorf("a restarted daemon is told %v", err)
	}
}

// The same data set gets another id, while the connections stay.
func TestAForeignDataSetIsNotServed(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	db, grants := openStrict(t, g)
	create(t, grants, "here")
	g.Nodes[0].Do(t, "set", "auth:history", "another")
	if _, err := grants.Get(t.Context(), "here"); err == nil {
		t.Error("a read is answered")
	}
	if err := grants.Kill(t.Context(), "here"); err == nil {
		t.Error("a write is acknowledged")
	}
	redistest.Eventually(t, 20*time.Second, "it is told", func() bool {
		h, err := probe.New(db).Health(t.Context())
		return err == nil && h.Strict.DataLost
	})
}

// While the master does not answer, a replica that has everything answers.
func TestReadsGoOnWithoutTheMaster(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	_, grants := openStrict(t, g)
	create(t, grants, "mine")
	await(2500 * time.Millisecond) // until the replicas count as steady
	g.Nodes[0].Pause()
	asked, failed := 0, 0
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); asked++ {
		if _, err := grants.Get(t.Context(), "mine"); err != nil {
			failed++
		}
		await(10 * time.Millisecond)
	}
	t.Logf("%d reads, %d failed", asked, failed)
	if failed > asked/50 {
		t.Errorf("%d of %d reads failed", failed, asked)
	}
}

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
