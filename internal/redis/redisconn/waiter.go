package redisconn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// waiter is strict durability in Cluster mode: a change is acknowledged when every replica has it
// that its master lists as online, and at least one does. A cluster has no Sentinels whose majority
// could be asked: what is not covered by that stands in docs/reliability.md. It is safe for
// concurrent use.
type waiter struct {
	db *DB

	mu    sync.Mutex
	nodes map[string]*node // by address
}

// node is one server of the cluster.
type node struct {
	client *redis.Client

	mu       sync.Mutex
	replicas int // that it listed last
}

func newWaiter(db *DB) *waiter { return &waiter{db: db, nodes: make(map[string]*node)} }

// place is where a request goes.
type place struct {
	addr   string
	asking bool // the slot is on its way there
}

// write is the sender.
func (w *waiter) write(batch []*request) {
	ctx, cancel := w.db.pipelineContext()
	defer cancel()
	if w.db.data.isLost() && !w.db.isBack(ctx) {
		refuse(batch, errHistory)
		return
	}
	where := w.places(ctx, batch)
	for range waits {
		var all sync.WaitGroup
		for at, group := range where {
			all.Go(func() { w.writeAt(ctx, at, group) })
		}
		all.Wait()
		if where = w.elsewhere(ctx, where); len(where) == 0 {
			break
		}
		w.cluster().ReloadState(ctx) // in the background, so that the next batch finds its way at once
	}
	if slices.ContainsFunc(batch, unserved) { // its slots may be elsewhere by now
		w.cluster().ReloadState(ctx)
		time.Sleep(pause) // a crowd of callers is not to become a crowd of dials
	}
}

func (w *waiter) cluster() *redis.ClusterClient { return w.db.client.(*redis.ClusterClient) }

// places groups requests by the masters of their slots.
func (w *waiter) places(ctx context.Context, batch []*request) map[place][]*request {
	where := make(map[place][]*request)
	for _, r := range batch {
		master, err := w.cluster().MasterForKey(ctx, r.call.Keys[0])
		if err != nil {
			r.err = err
			continue
		}
		at := place{addr: master.Options().Addr}
		where[at] = append(where[at], r)
	}
	return where
}

// elsewhere picks the requests that were certainly not carried out, with the place to try next.
func (w *waiter) elsewhere(ctx context.Context, tried map[place][]*request) map[place][]*request {
	where := make(map[place][]*request)
	for at, group := range tried {
		for _, r := range group {
			next, known := redirected(r.err)
			if !known && ResultOf(r.err) == ResultNoScript {
				next, known = at, w.db.scripts.load(ctx, w.node(at.addr).client) == nil
			}
			if known {
				where[next] = append(where[next], r)
			}
		}
	}
	return where
}

// redirected reads "MOVED slot host:port" and "ASK slot host:port".
func redirected(err error) (place, bool) {
	if err == nil {
		return place{}, false
	}
	words := strings.Fields(err.Error())
	if len(words) != 3 || words[0] != "MOVED" && words[0] != "ASK" || strings.HasPrefix(words[2], ":") {
		return place{}, false
	}
	return place{addr: words[2], asking: words[0] == "ASK"}, true
}

func (w *waiter) node(addr string) *node {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nodes[addr] == nil {
		w.nodes[addr] = &node{client: w.db.nodeClient(addr, w.db.onConnect)}
	}
	return w.nodes[addr]
}

// writeAt sends requests to one server and proves that they last. Behind them, on the same connection,
// stand a write of its own, so that what they only confirm is covered too, how far the server has
// got, WAIT, and who has got as far.
func (w *waiter) writeAt(ctx context.Context, at place, group []*request) {
	n := w.node(at.addr)
	conn := n.client.Conn()
	defer func() { _ = conn.Close() }()
	pipe := conn.Pipeline()
	marked := w.proofAt(ctx, at, group)
	for _, cmd := range marked.cmds() {
		_ = pipe.Process(ctx, cmd)
	}
	for _, r := range group {
		r.forget()
		for _, cmd := range r.cmds {
			if at.asking {
				_ = pipe.Process(ctx, redis.NewCmd(ctx, "asking"))
			}
			_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
		}
	}
	fence := redis.NewStatusCmd(ctx, "set", w.db.fenceOf(group[0].call.Keys[0]), "1", "px", remember.Milliseconds())
	start, wait, end := infoRole(ctx), newWait(ctx, n.online()), infoRole(ctx)
	proof := asked(start, wait, end)
	for _, cmd := range append([]redis.Cmder{fence}, proof.cmds...) {
		_ = pipe.Process(ctx, cmd)
	}
	w.db.opt.RoundTrip(len(group))
	_, broken := pipe.Exec(ctx) // of the first command, or of the connection; every command is looked at
	proof.settle()
	why := proof.err
	if why == nil {
		why = n.judge(ctx, conn, start, end)
	} else if errors.Is(why, errUnanswered) && broken != nil {
		why = broken
	}
	if lost := marked.err(ctx); lost != nil {
		why = lost
	}
	for _, r := range group {
		r.settle()
		if why != nil {
			r.unproven(why)
		}
	}
}

// fenceOf is a key in the slot of another.
func (db *DB) fenceOf(key string) string {
	return db.keys.fence + ":{" + tagOf(key) + "}"
}

// proofAt asks for the marker of the server, but not where a slot is on its way to: there the marker
// of its range need not be.
func (w *waiter) proofAt(ctx context.Context, at place, group []*request) *proof {
	if at.asking {
		return nil
	}
	return w.db.data.proofOf(ctx, group)
}

func infoRole(ctx context.Context) *redis.Cmd { return redis.NewCmd(ctx, "info", "replication") }

// online is the number of replicas to wait for.
func (n *node) online() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return max(1, n.replicas)
}

// judge applies the rule, and waits again for who is missing.
func (n *node) judge(ctx context.Context, conn *redis.Conn, start, end *redis.Cmd) error {
	from, err := quorum.ParseRole(start.Val())
	if err != nil {
		return err
	}
	if !from.Master {
		return quorum.ErrNotMaster
	}
	for try := 1; ; try++ {
		now, err := quorum.ParseRole(end.Val())
		if err != nil {
			return err
		}
		n.mu.Lock()
		n.replicas = len(now.Replicas)
		n.mu.Unlock()
		if now.Master && now.ReplID != from.ReplID {
			return quorum.ErrNotMaster // it was a replica in between, and copied from another
		}
		rule := quorum.Listed(now)
		if _, err = rule.Acknowledge(now, from.Offset); err == nil || !now.Master || try == waits {
			return err
		}
		pipe := conn.Pipeline()
		end = infoRole(ctx)
		_, _ = pipe.Process(ctx, newWait(ctx, n.online())), pipe.Process(ctx, end)
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("%w: %w", quorum.ErrNotDurable, err)
		}
	}
}

func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		_ = n.client.Close()
	}
}
