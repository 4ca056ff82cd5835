package durable

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// Cluster is strict durability in Cluster mode: a change is acknowledged when every replica has it that its master
// lists as online, and at least one does. A cluster has no Sentinels whose majority could be asked; docs/reliability.md
// lists what that leaves open. It is safe for concurrent use.
type Cluster struct {
	o      Options
	driver *redis.ClusterClient

	mu    sync.Mutex
	nodes map[string]*node // by address
}

// node is one server of the cluster.
type node struct {
	client *redis.Client

	mu   sync.Mutex
	last quorum.NodeStatus // what it reported last
}

// NewCluster returns a sender for the cluster behind a driver's client.
func NewCluster(o Options, driver *redis.ClusterClient) *Cluster {
	return &Cluster{o: o, driver: driver, nodes: make(map[string]*node)}
}

// place is where a request goes.
type place struct {
	addr   string
	asking bool // the slot is on its way there
}

// Write is the sender of writes.
func (c *Cluster) Write(batch []*pipeline.Request) {
	ctx, cancel := c.o.pipelineContext()
	defer cancel()
	if c.o.Data.Lost() && !c.o.Data.IsBack(ctx, c.driver) {
		pipeline.Refuse(batch, outcome.ErrDataLost)
		return
	}
	where := c.places(ctx, batch)
	for range waitAttempts {
		var all sync.WaitGroup
		for at, group := range where {
			all.Go(func() { c.writeAt(ctx, at, group) })
		}
		all.Wait()
		if where = c.elsewhere(ctx, where); len(where) == 0 {
			break
		}
		c.driver.ReloadState(ctx) // in the background, so that the next batch finds its way at once
	}
	if slices.ContainsFunc(batch, func(r *pipeline.Request) bool { return outcome.Unserved(r.Err) }) { // its slots may be elsewhere by now
		c.driver.ReloadState(ctx)
		c.o.Pause() // a crowd of callers is not to become a crowd of dials
	}
}

// places groups requests by the masters of their slots.
func (c *Cluster) places(ctx context.Context, batch []*pipeline.Request) map[place][]*pipeline.Request {
	where := make(map[place][]*pipeline.Request)
	for _, r := range batch {
		master, err := c.driver.MasterForKey(ctx, r.Key())
		if err != nil {
			r.Err = err
			continue
		}
		at := place{addr: master.Options().Addr}
		where[at] = append(where[at], r)
	}
	return where
}

// elsewhere picks the requests that were certainly not carried out, with the place to try next.
func (c *Cluster) elsewhere(ctx context.Context, tried map[place][]*pipeline.Request) map[place][]*pipeline.Request {
	where := make(map[place][]*pipeline.Request)
	for at, group := range tried {
		for _, r := range group {
			next, known := redirected(r.Err)
			if !known && outcome.Of(r.Err) == outcome.NoScript {
				next, known = at, c.o.Scripts.Load(ctx, c.node(at.addr).client) == nil
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

func (c *Cluster) node(addr string) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nodes[addr] == nil {
		c.nodes[addr] = &node{client: c.o.Client(addr, func(ctx context.Context, conn *redis.Conn) error { return c.o.Scripts.Load(ctx, conn) })}
	}
	return c.nodes[addr]
}

// writeAt sends requests to one server and proves that they last.
func (c *Cluster) writeAt(ctx context.Context, at place, group []*pipeline.Request) {
	n := c.node(at.addr)
	w := &writeConn{conn: n.client.Conn(), last: n.lastStatus()}
	defer func() { _ = w.conn.Close() }()
	fence := redis.NewStatusCmd(ctx, "eval", fenceSet, 1, c.o.fenceOf(group[0].Key()), journalPeriod.Milliseconds())
	c.o.RoundTrip(len(group))
	_, _ = w.prove(ctx, proofPlan{
		markers: c.markersAt(ctx, at, group),
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
	n.remember(w.last)
}

// fenceOf returns a fence key in the slot of another key.
func (o Options) fenceOf(key string) string {
	return o.FenceKey + ":{" + dataset.Tag(key) + "}"
}

// markersAt asks for the marker of the server, but not where a slot is on its way to: there the marker
// of its range need not be.
func (c *Cluster) markersAt(ctx context.Context, at place, group []*pipeline.Request) *dataset.Markers {
	if at.asking {
		return nil
	}
	return c.o.Data.MarkersFor(ctx, group)
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

// Close closes the connections to the nodes.
func (c *Cluster) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		_ = n.client.Close()
	}
}
