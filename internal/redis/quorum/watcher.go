package quorum

import (
	"context"
	"maps"
	"sync"
	"time"
)

// How the group is polled.
const (
	PollInterval = 100 * time.Millisecond
	pollTimeout  = 200 * time.Millisecond // an answer that takes longer counts as none
)

// Source opens connections to the servers of a group. Opening asks nothing yet.
type Source interface {
	Sentinel(addr string) Sentinel
	Node(addr string) Node
}

// Sentinel is a connection to one Sentinel.
type Sentinel interface {
	// View asks for the group. With peers it also asks for the Sentinel's id and the other Sentinels.
	View(ctx context.Context, peers bool) (SentinelView, error)
	Close() error
}

// Node is a connection to one Redis node.
type Node interface {
	Status(ctx context.Context) (NodeStatus, error)
	Close() error
}

// Watcher polls every Sentinel and every node of the group, each over a connection and in a loop of its
// own, so that a dead one delays no other, and keeps the agreement that follows. It is safe for
// concurrent use.
type Watcher struct {
	now        func() time.Time
	configured int
	lease      time.Duration
	source     Source
	changed    chan struct{} // holds something after each observation

	mu        sync.Mutex
	sentinels map[string]SentinelView // by id
	polled    map[string]bool         // the addresses at which Sentinels are polled
	nodes     map[string]NodeStatus
	stops     map[string]context.CancelFunc // of the nodes that are polled
	agreement Agreement

	ctx   context.Context
	stop  context.CancelFunc
	loops sync.WaitGroup
}

// NewWatcher returns a watcher that polls nothing until Start.
func NewWatcher(source Source, now func() time.Time, lease time.Duration) *Watcher {
	ctx, stop := context.WithCancel(context.Background())
	return &Watcher{
		now: now, lease: lease, source: source, changed: make(chan struct{}, 1),
		sentinels: make(map[string]SentinelView), nodes: make(map[string]NodeStatus),
		stops: make(map[string]context.CancelFunc), polled: make(map[string]bool), ctx: ctx, stop: stop,
	}
}

// Start polls the configured Sentinels, and the others that they know, until Close.
func (w *Watcher) Start(sentinels []string) {
	w.configured = len(sentinels)
	for _, addr := range sentinels {
		w.pollSentinel(addr)
	}
}

// Changed receives after an observation; several observations may be received as one.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// Current returns the agreement. Compare its times with the time at which it is used.
func (w *Watcher) Current() Agreement {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.agreement
}

// Silent reports whether a node did not answer lately.
func (w *Watcher) Silent(addr string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now().Sub(w.nodes[addr].AskedAt) > 2*PollInterval+pollTimeout
}

// Close stops polling and waits until every loop has ended.
func (w *Watcher) Close() {
	w.stop()
	w.loops.Wait()
}

// pollSentinel polls one Sentinel and finds the others through it: a majority of all is needed, and not
// every operator names them all. Views are kept by the Sentinel's id, so that one that is reached at
// two addresses does not vote twice (I1).
func (w *Watcher) pollSentinel(addr string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.polled[addr] {
		return
	}
	w.polled[addr] = true
	w.loops.Go(func() {
		sentinel := w.source.Sentinel(addr)
		defer func() { _ = sentinel.Close() }()
		id := ""
		w.loop(w.ctx, func(ctx context.Context) {
			askedAt := w.now()
			peers := id == "" || w.incomplete()
			view, err := sentinel.View(ctx, peers)
			if err != nil {
				id = "" // another Sentinel may answer at this address next time
				return
			}
			if peers {
				id = view.ID
			}
			view.AskedAt = askedAt
			w.observe(func() { w.sentinels[id] = view })
			if w.incomplete() {
				for _, peer := range view.Peers {
					w.pollSentinel(peer)
				}
			}
		})
	})
}

// incomplete reports whether there are Sentinels that are not polled yet.
func (w *Watcher) incomplete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	total := 0
	for _, v := range w.sentinels {
		total = max(total, v.OtherSentinels+1)
	}
	return len(w.polled) < total
}

// pollNode polls one node until its context ends.
func (w *Watcher) pollNode(ctx context.Context, addr string) {
	node := w.source.Node(addr)
	defer func() { _ = node.Close() }()
	w.loop(ctx, func(limited context.Context) {
		askedAt := w.now()
		status, err := node.Status(limited)
		if err != nil {
			return
		}
		status.AskedAt = askedAt
		w.observe(func() {
			if ctx.Err() == nil {
				w.nodes[addr] = status.after(w.nodes[addr], w.nodes[w.agreement.Addr])
			}
		})
	})
}

// loop polls at once and then at every interval.
func (w *Watcher) loop(ctx context.Context, poll func(context.Context)) {
	ticker := time.NewTicker(PollInterval)
	defer ticker.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, pollTimeout)
		poll(limited)
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// observe records an observation and decides again.
func (w *Watcher) observe(record func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	record()
	w.agreement = Decide(Observations{
		Now: w.now(), Sentinels: w.sentinels, Nodes: w.nodes, Configured: w.configured, Lease: w.lease,
	}, w.agreement)
	w.follow()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// follow starts polling the nodes that matter, and stops polling all others.
func (w *Watcher) follow() {
	if w.agreement.Addr == "" || w.ctx.Err() != nil {
		return
	}
	wanted := w.wanted()
	for addr := range wanted {
		if w.stops[addr] == nil {
			ctx, cancel := context.WithCancel(w.ctx)
			w.stops[addr] = cancel
			w.loops.Go(func() { w.pollNode(ctx, addr) })
		}
	}
	maps.DeleteFunc(w.stops, func(addr string, cancel context.CancelFunc) bool {
		if wanted[addr] {
			return false
		}
		cancel()
		delete(w.nodes, addr)
		return true
	})
}

// wanted returns the addresses of the nodes that matter: those that the agreement or a Sentinel names,
// and those by which the nodes name one another, which shows which addresses are one node.
func (w *Watcher) wanted() map[string]bool {
	wanted := map[string]bool{w.agreement.Addr: true}
	for _, addr := range w.agreement.Known {
		wanted[addr] = true
	}
	for _, v := range w.sentinels {
		for addr := range v.Replicas {
			wanted[addr] = true
		}
	}
	now := w.now()
	for addr, other := range w.agreement.same {
		if wanted[other.of] && now.Sub(other.at) < aliasTTL {
			wanted[addr] = true
		}
	}
	for _, n := range w.nodes {
		if now.Sub(n.AskedAt) >= maxViewAge {
			continue
		}
		for addr := range n.Replicas {
			wanted[addr] = true
		}
		if !n.Master && n.Upstream != "" {
			wanted[n.Upstream] = true
		}
	}
	return wanted
}
