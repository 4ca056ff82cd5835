package redisconn

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// How the group is watched.
const (
	every  = 100 * time.Millisecond // how often each one is asked
	prompt = 200 * time.Millisecond // how soon it must answer
)

// watcher asks every Sentinel and every server of the group how things are, each over a connection
// and in a loop of its own, so that a dead one keeps nobody waiting, and keeps the agreement that
// follows. It is safe for concurrent use.
type watcher struct {
	now      func() time.Time
	asked    int
	lease    time.Duration
	server   func(addr string) *redis.Client // a client for one connection to a server
	sentinel func(addr string) *redis.SentinelClient
	changed  chan struct{} // holds something when there is news

	mu        sync.Mutex
	sentinels map[string]sighting // by id
	reached   map[string]bool     // the addresses at which Sentinels are asked
	servers   map[string]testimony
	watched   map[string]context.CancelFunc // the servers that are asked
	agreement agreement

	ctx   context.Context
	stop  context.CancelFunc
	loops sync.WaitGroup
}

func newWatcher(o Options, server func(string) *redis.Client, sentinel func(string) *redis.SentinelClient) *watcher {
	ctx, stop := context.WithCancel(context.Background())
	return &watcher{
		now: o.Now, asked: len(o.Addrs), lease: o.Lease, server: server, sentinel: sentinel,
		changed:   make(chan struct{}, 1),
		sentinels: make(map[string]sighting), servers: make(map[string]testimony),
		watched: make(map[string]context.CancelFunc), reached: make(map[string]bool), ctx: ctx, stop: stop,
	}
}

// watch asks a Sentinel until close, and with it the others that it knows: a majority of all is
// needed, and not every operator names them all. What a Sentinel says is kept under its own id, so
// that one that is reached by two addresses does not count twice.
func (w *watcher) watch(addr, master string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reached[addr] {
		return
	}
	w.reached[addr] = true
	w.loops.Go(func() {
		client := w.sentinel(addr)
		defer func() { _ = client.Close() }()
		id := ""
		w.loop(w.ctx, func(ctx context.Context) {
			at := w.now()
			if id == "" {
				id = sentinelID(ctx, client, addr)
			}
			s, err := sight(ctx, client, master, at)
			if err != nil {
				id = "" // whoever answers next may be another one
				return
			}
			w.learn(func() { w.sentinels[id] = s })
			if w.short(s.others + 1) {
				w.discover(ctx, client, master)
			}
		})
	})
}

// short tells whether there are Sentinels that are not asked yet.
func (w *watcher) short(total int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.reached) < total
}

func (w *watcher) discover(ctx context.Context, client *redis.SentinelClient, master string) {
	others, err := client.Sentinels(ctx, master).Result()
	if err != nil {
		return // the next round asks again
	}
	for _, other := range others {
		w.watch(net.JoinHostPort(other["ip"], other["port"]), master)
	}
}

// sentinelID is a Sentinel's own name for itself; its address where it may not be asked.
func sentinelID(ctx context.Context, client *redis.SentinelClient, addr string) string {
	ask := redis.NewStringCmd(ctx, "sentinel", "myid")
	if err := client.Process(ctx, ask); err != nil {
		return addr
	}
	return ask.Val()
}

// current gives the agreement. What it says of time must be compared with the time when it is used.
func (w *watcher) current() agreement {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.agreement
}

// silent tells whether a server did not answer lately.
func (w *watcher) silent(addr string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now().Sub(w.servers[addr].at) > 2*every+prompt
}

// loop asks at once, and then at every tick.
func (w *watcher) loop(ctx context.Context, ask func(context.Context)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, prompt)
		ask(limited)
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// learn takes something in and draws the conclusion.
func (w *watcher) learn(take func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	take()
	w.agreement = agree(heard{
		now: w.now(), sentinels: w.sentinels, servers: w.servers, asked: w.asked, lease: w.lease,
	}, w.agreement)
	w.follow()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// follow sees to it that the servers that matter are asked, and no others.
func (w *watcher) follow() {
	if w.agreement.master == "" || w.ctx.Err() != nil {
		return
	}
	wanted := w.wanted()
	for addr := range wanted {
		if w.watched[addr] == nil {
			ctx, cancel := context.WithCancel(w.ctx)
			w.watched[addr] = cancel
			w.loops.Go(func() { w.ask(ctx, addr) })
		}
	}
	maps.DeleteFunc(w.watched, func(addr string, cancel context.CancelFunc) bool {
		if wanted[addr] {
			return false
		}
		cancel()
		delete(w.servers, addr)
		return true
	})
}

// wanted are the addresses of the servers that matter: those that the agreement or a Sentinel names,
// and those by which the servers name one another, to find out which of them are the same.
func (w *watcher) wanted() map[string]bool {
	wanted := map[string]bool{w.agreement.master: true}
	for _, addr := range w.agreement.known {
		wanted[addr] = true
	}
	for _, s := range w.sentinels {
		for addr := range s.replicas {
			wanted[addr] = true
		}
	}
	now := w.now()
	for addr, other := range w.agreement.same {
		if wanted[other.of] && now.Sub(other.at) < sticky {
			wanted[addr] = true
		}
	}
	for _, t := range w.servers {
		if now.Sub(t.at) >= fresh {
			continue
		}
		for _, addr := range t.listed {
			wanted[addr] = true
		}
		if !t.master && t.upstream != "" {
			wanted[t.upstream] = true
		}
	}
	return wanted
}

// ask asks one server until its context ends.
func (w *watcher) ask(ctx context.Context, addr string) {
	client := w.server(addr)
	defer func() { _ = client.Close() }()
	w.loop(ctx, func(limited context.Context) {
		at := w.now()
		info, err := infoOf(limited, client)
		if err != nil {
			return
		}
		t := parseTestimony(info, at)
		w.learn(func() {
			if ctx.Err() == nil {
				w.servers[addr] = t.after(w.servers[addr], w.servers[w.agreement.master])
			}
		})
	})
}

func (w *watcher) close() {
	w.stop()
	w.loops.Wait()
}

// sight asks one Sentinel.
func sight(ctx context.Context, client *redis.SentinelClient, name string, at time.Time) (sighting, error) {
	master, err := client.Master(ctx, name).Result()
	if err != nil {
		return sighting{}, err
	}
	replicas, err := client.Replicas(ctx, name).Result()
	if err != nil {
		return sighting{}, err
	}
	s := sighting{
		at:       at,
		master:   net.JoinHostPort(master["ip"], master["port"]),
		flags:    master["flags"],
		replicas: make(map[string]bool, len(replicas)),
		others:   int(number(master["num-other-sentinels"])),
		epoch:    number(master["config-epoch"]),
	}
	for _, replica := range replicas {
		s.replicas[net.JoinHostPort(replica["ip"], replica["port"])] = hasFlag(replica["flags"], "s_down")
	}
	return s, nil
}

// infoOf asks a server which process it is and how it replicates, in one round trip.
func infoOf(ctx context.Context, client *redis.Client) (map[string]string, error) {
	pipe := client.Pipeline()
	server, replication := pipe.Info(ctx, "server"), pipe.Info(ctx, "replication")
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	return parseInfo(server.Val() + "\r\n" + replication.Val()), nil
}

func parseTestimony(info map[string]string, at time.Time) testimony {
	t := testimony{
		at:      at,
		master:  info["role"] == "master",
		replid:  info["master_replid"],
		replid2: info["master_replid2"],
		second:  number(info["second_repl_offset"]),
		offset:  number(info["master_repl_offset"]),
		runID:   info["run_id"],
	}
	if t.master {
		t.listed = slices.Sorted(maps.Keys(roleOf(info).replicas))
	}
	if !t.master {
		t.upstream = net.JoinHostPort(info["master_host"], info["master_port"])
		t.linked = info["master_link_status"] == "up"
		t.offset = number(info["slave_repl_offset"])
	}
	return t
}

func hasFlag(flags, flag string) bool {
	return slices.Contains(strings.Split(flags, ","), flag)
}
