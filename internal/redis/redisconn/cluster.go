package redisconn

import (
	"context"
	"slices"
	"strings"
	"sync"

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

	mu   sync.Mutex
	last quorum.NodeStatus // what it reported last
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
	for range waitAttempts {
		var all sync.WaitGroup
		for at, group := range where {
			all.Go(func() { w.writeAt(ctx, at, group) })
		}
		all.Wait()
		if where = w.elsewhere(ctx, where); len(where) == 0 {
			break
		}
		w.db.cluster.ReloadState(ctx) // in the background, so that the next batch finds its way at once
	}
	if slices.ContainsFunc(batch, unserved) { // its slots may be elsewhere by now
		w.db.cluster.ReloadState(ctx)
		w.db.pause() // a crowd of callers is not to become a crowd of dials
	}
}

// places groups requests by the masters of their slots.
func (w *waiter) places(ctx context.Context, batch []*request) map[place][]*request {
	where := make(map[place][]*request)
	for _, r := range batch {
		master, err := w.db.cluster.MasterForKey(ctx, r.call.Keys[0])
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

// writeAt sends requests to one server and proves that they last.
func (w *waiter) writeAt(ctx context.Context, at place, group []*request) {
	n := w.node(at.addr)
	c := &writeConn{conn: n.client.Conn(), last: n.lastStatus()}
	defer func() { _ = c.conn.Close() }()
	fence := redis.NewStatusCmd(ctx, "set", w.db.fenceOf(group[0].call.Keys[0]), "1", "px", journalPeriod.Milliseconds())
	_, _ = w.db.prove(ctx, c, proofPlan{
		markers: w.markersAt(ctx, at, group),
		fence:   fence,
		asking:  at.asking,
		noRole:  true, // ROLE does not name the history
		rule:    quorum.Listed,
		same: func(start, end quorum.NodeStatus) error {
			if end.Master && end.ReplID != start.ReplID {
				return quorum.ErrNotMaster // it was a replica in between, and copied from another master
			}
			return nil
		},
	}, group) // each request has the error
	n.remember(c.last)
}

// fenceOf is a key in the slot of another.
func (db *DB) fenceOf(key string) string {
	return db.keys.fence + ":{" + tagOf(key) + "}"
}

// markersAt asks for the marker of the server, but not where a slot is on its way to: there the marker
// of its range need not be.
func (w *waiter) markersAt(ctx context.Context, at place, group []*request) *proof {
	if at.asking {
		return nil
	}
	return w.db.data.proofOf(ctx, group)
}

func (n *node) lastStatus() quorum.NodeStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last
}

func (n *node) remember(status quorum.NodeStatus) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = status
}

func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		_ = n.client.Close()
	}
}
