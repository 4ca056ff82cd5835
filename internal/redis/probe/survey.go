package probe

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// Persistence names the part of a server's data that outlives its process.
type Persistence string

// The kinds of persistence.
const (
	PersistsLog       Persistence = "aof"     // every write, to about a second
	PersistsSnapshots Persistence = "rdb"     // what was there when the last snapshot was taken
	PersistsNothing   Persistence = "none"    // nothing
	PersistsUnknown   Persistence = "unknown" // no AOF; whether snapshots are taken, our user may not ask
)

// Risk describes the data that a restart of the server may lose; "" when it keeps every write.
func (p Persistence) Risk() string {
	switch p {
	case PersistsNothing:
		return "keeps nothing on disk: everything is forgotten when its process ends"
	case PersistsSnapshots:
		return "takes snapshots only: what changed since the last one is forgotten when its process ends"
	case PersistsUnknown:
		return "keeps no append-only file: what changed lately, or everything, is forgotten when its process ends"
	default:
		return ""
	}
}

// worse reports whether less is kept than by another one.
func (p Persistence) worse(than Persistence) bool {
	order := []Persistence{PersistsLog, PersistsSnapshots, PersistsUnknown, PersistsNothing}
	return slices.Index(order, p) > slices.Index(order, than)
}

// persistenceOf joins what INFO says about the append-only file with what is known about snapshots.
func persistenceOf(info quorum.Info, snapshots Persistence) Persistence {
	if info["aof_enabled"] == "1" {
		return PersistsLog
	}
	return snapshots
}

// snapshotsOf asks whether a server takes snapshots, which only CONFIG GET shows.
func snapshotsOf(ctx context.Context, server *redis.Client) (kept Persistence, allowed bool) {
	save, err := server.ConfigGet(ctx, "save").Result()
	switch {
	case err != nil:
		return PersistsUnknown, false
	case save["save"] != "":
		return PersistsSnapshots, true
	default:
		return PersistsNothing, true
	}
}

// saves returns the kind of snapshots that Check found. It asks once: a user who may not ask would fill
// the server's ACL log.
func (p *Prober) saves() Persistence {
	if kept, ok := p.snapshots.Load().(Persistence); ok {
		return kept
	}
	return PersistsUnknown
}

// Server is the report of one server about itself.
type Server struct {
	Addr        string
	Err         error // why it could not be asked; then all else is empty
	Role        string
	Version     string
	TooOld      bool   // for what is needed
	Eviction    string // maxmemory-policy; only noeviction keeps what must be kept
	Persistence Persistence
	Replicas    int           // that are connected to it
	LinkDown    bool          // a replica that does not hear its master
	Used, Limit int64         // bytes of memory; a Limit of 0 is none
	ClockKnown  bool          // ClockSkew is known
	ClockSkew   time.Duration // of the server ahead of this machine

	MinReplicasSet bool  // of a master: it takes no write without a replica (min-replicas-to-write)
	Backlog        int64 // bytes that a replica may miss and still go on from where it was
	CanConfigure   bool  // our user may change the configuration, which it need not
}

// Servers asks every server by itself what it is like; of Sentinels, the master and the replicas that
// they know. It changes nothing, and needs no right beyond those of the daemon: what the user may not
// ask stays unknown. The error is about the Sentinels or the nodes of a cluster as a whole.
func (p *Prober) Servers(ctx context.Context) ([]Server, error) {
	addrs, err := p.members(ctx)
	if err != nil {
		return nil, err
	}
	var all []Server
	for _, addr := range addrs {
		all = append(all, p.server(ctx, addr))
	}
	return all, nil
}

// members are the addresses of all servers, the master first.
func (p *Prober) members(ctx context.Context) ([]string, error) {
	switch p.opt.Mode {
	case redisconn.Embedded:
		return nil, nil
	case redisconn.Cluster:
		var addrs []string
		found := make(chan string)
		done := make(chan error, 1)
		go func() {
			done <- p.cluster().ForEachShard(ctx, func(_ context.Context, node *redis.Client) error {
				found <- node.Options().Addr
				return nil
			})
			close(found)
		}()
		for addr := range found {
			addrs = append(addrs, addr)
		}
		if err := <-done; err != nil {
			return nil, p.explain(ctx, err, "the cluster", p.opt.Addrs[0])
		}
		slices.Sort(addrs)
		return addrs, nil
	case redisconn.Sentinel:
		master, err := p.findMaster(ctx)
		if err != nil {
			return nil, err
		}
		return append([]string{master}, p.replicas(ctx)...), nil
	default:
		return p.opt.Addrs, nil
	}
}

// replicas returns the replicas that the first Sentinel names which answers, dead ones included.
func (p *Prober) replicas(ctx context.Context) []string {
	for _, addr := range p.opt.Addrs {
		if view, err := p.view(ctx, addr); err == nil {
			return slices.Sorted(maps.Keys(view.Replicas))
		}
	}
	return nil
}

func (p *Prober) server(ctx context.Context, addr string) Server {
	client := p.dial.Client(addr, nil)
	defer func() { _ = client.Close() }()
	text, err := client.Info(ctx).Result()
	if err != nil {
		return Server{Addr: addr, Err: p.explainServer(ctx, err, addr, "info")}
	}
	info := quorum.ParseInfo(text)
	s := Server{
		Addr: addr, Role: info["role"], Version: info["redis_version"], TooOld: olderThan(info["redis_version"], oldestVersion),
		Eviction: info["maxmemory_policy"], Replicas: int(quorum.Int(info["connected_slaves"])), LinkDown: info["master_link_status"] == "down",
		Used: quorum.Int(info["used_memory"]), Limit: quorum.Int(info["maxmemory"]), Persistence: PersistsUnknown,
	}
	_, s.MinReplicasSet = info["min_slaves_good_slaves"] // which is shown only then
	s.Backlog = quorum.Int(info["repl_backlog_size"])
	snapshots, canConfigure := snapshotsOf(ctx, client)
	s.Persistence, s.CanConfigure = persistenceOf(info, snapshots), canConfigure
	before := p.opt.Now()
	at, err := client.Time(ctx).Result()
	if err == nil {
		after := p.opt.Now()
		s.ClockKnown, s.ClockSkew = true, at.Sub(before.Add(after.Sub(before)/2))
	}
	return s
}
