package redisconn

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Persistence is what of a server's data outlives its process.
type Persistence string

// The kinds of persistence.
const (
	PersistsLog       Persistence = "aof"     // every write, to about a second
	PersistsSnapshots Persistence = "rdb"     // what was there when the last snapshot was taken
	PersistsNothing   Persistence = "none"    // nothing
	PersistsUnknown   Persistence = "unknown" // no AOF; whether snapshots are taken, our user may not ask
)

// Risk says in words what a restart of the server may lose; "" when it keeps every write.
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
func persistenceOf(info map[string]string, snapshots Persistence) Persistence {
	if info["aof_enabled"] == "1" {
		return PersistsLog
	}
	return snapshots
}

// snapshotsOf asks whether a server takes snapshots, which only CONFIG tells.
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

// saves is what Check found out about snapshots. It is asked once: a user who may not ask would fill
// the server's ACL log.
func (db *DB) saves() Persistence {
	if kept, ok := db.keeps.Load().(Persistence); ok {
		return kept
	}
	return PersistsUnknown
}

// Server is what one server says about itself.
type Server struct {
	Addr        string
	Err         error // why it could not be asked; then all else is empty
	Role        string
	Version     string
	TooOld      bool   // for what is needed
	Eviction    string // maxmemory-policy; only noeviction keeps what must be kept
	Persistence Persistence
	Replicas    int   // that are connected to it
	LinkDown    bool  // a replica that does not hear its master
	Used, Limit int64 // bytes of memory; a Limit of 0 is none
	Clock       bool  // Ahead is known
	Ahead       time.Duration

	Guarded bool  // of a master: it takes no write without a replica (min-replicas-to-write)
	Backlog int64 // bytes that a replica may miss and still go on from where it was
	Mighty  bool  // our user may change the configuration, which it need not
}

// Survey asks every server by itself what it is like; of Sentinels, the master and the replicas that
// they know. It changes nothing, and needs no right beyond those of the daemon: what the user may not
// ask stays unknown. The error is about the Sentinels or the nodes of a cluster as a whole.
func (db *DB) Survey(ctx context.Context) ([]Server, error) {
	addrs, err := db.members(ctx)
	if err != nil {
		return nil, err
	}
	var all []Server
	for _, addr := range addrs {
		all = append(all, db.surveyed(ctx, addr))
	}
	return all, nil
}

// members are the addresses of all servers, the master first.
func (db *DB) members(ctx context.Context) ([]string, error) {
	switch db.opt.Mode {
	case Embedded:
		return nil, nil
	case Cluster:
		var addrs []string
		found := make(chan string)
		done := make(chan error, 1)
		go func() {
			done <- db.client.(*redis.ClusterClient).ForEachShard(ctx, func(_ context.Context, node *redis.Client) error {
				found <- node.Options().Addr
				return nil
			})
			close(found)
		}()
		for addr := range found {
			addrs = append(addrs, addr)
		}
		if err := <-done; err != nil {
			return nil, db.explain(ctx, err, "the cluster", db.opt.Addrs[0])
		}
		slices.Sort(addrs)
		return addrs, nil
	case Sentinel:
		master, err := db.askSentinels(ctx)
		if err != nil {
			return nil, err
		}
		return append([]string{master}, db.replicasOf(ctx)...), nil
	default:
		return db.opt.Addrs, nil
	}
}

// replicasOf asks the Sentinels one after the other for the replicas that are not lost.
func (db *DB) replicasOf(ctx context.Context) []string {
	for _, addr := range db.opt.Addrs {
		sentinel := db.sentinel(addr)
		replicas, err := sentinel.Replicas(ctx, db.opt.MasterName).Result()
		_ = sentinel.Close()
		if err != nil {
			continue
		}
		var addrs []string
		for _, one := range replicas {
			addrs = append(addrs, net.JoinHostPort(one["ip"], one["port"]))
		}
		return addrs
	}
	return nil
}

func (db *DB) surveyed(ctx context.Context, addr string) Server {
	client := db.plain(addr)
	defer func() { _ = client.Close() }()
	text, err := client.Info(ctx).Result()
	if err != nil {
		return Server{Addr: addr, Err: db.explainServer(ctx, err, addr, "info")}
	}
	info := parseInfo(text)
	s := Server{
		Addr: addr, Role: info["role"], Version: info["redis_version"], TooOld: olderThan(info["redis_version"], oldestVersion),
		Eviction: info["maxmemory_policy"], Replicas: int(number(info["connected_slaves"])), LinkDown: info["master_link_status"] == "down",
		Used: number(info["used_memory"]), Limit: number(info["maxmemory"]), Persistence: PersistsUnknown,
	}
	_, s.Guarded = info["min_slaves_good_slaves"] // which is shown only then
	s.Backlog = number(info["repl_backlog_size"])
	snapshots, mighty := snapshotsOf(ctx, client)
	s.Persistence, s.Mighty = persistenceOf(info, snapshots), mighty
	before := db.opt.Now()
	at, err := client.Time(ctx).Result()
	if err == nil {
		after := db.opt.Now()
		s.Clock, s.Ahead = true, at.Sub(before.Add(after.Sub(before)/2))
	}
	return s
}
