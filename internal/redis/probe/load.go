package probe

import (
	"context"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// Load describes the work of a server at this moment.
type Load struct {
	Addr        string
	Err         error // why the server could not be asked; then all else is empty
	Role        string
	Version     string
	Used, Limit int64 // bytes of memory; a Limit of 0 means that there is none
	Eviction    string
	LogsWrites  bool  // it writes an append-only file
	Clients     int64 // open connections
	PerSecond   int64 // commands executed
	LinkUp      bool  // of a replica: it is connected to its master
	Replicas    int   // of a master: connected ones
	Lag         int64 // of a replica: bytes that it is behind its master; meaningless while LinkUp is false
	offset      int64
}

// Loads asks every server for its load, the master first. It needs INFO and no other right, and can be repeated every
// second. The error is about the Sentinels or the nodes of a cluster as a whole.
func (p *Prober) Loads(ctx context.Context) ([]Load, error) {
	addrs, err := p.members(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Load, len(addrs))
	for i, addr := range addrs {
		all[i] = p.load(ctx, addr)
		// The master was asked before its replicas, so a replica may be ahead of the master's answer.
		if all[i].LinkUp && all[0].Role == "master" {
			all[i].Lag = max(0, all[0].offset-all[i].offset)
		}
	}
	return all, nil
}

func (p *Prober) load(ctx context.Context, addr string) Load {
	client := p.dial.Client(addr, nil)
	defer func() { _ = client.Close() }()
	text, err := client.Info(ctx).Result()
	if err != nil {
		return Load{Addr: addr, Err: p.explainServer(ctx, err, addr, "info")}
	}
	info := quorum.ParseInfo(text)
	l := Load{
		Addr: addr, Role: info["role"], Version: info["redis_version"], Used: quorum.Int(info["used_memory"]), Limit: quorum.Int(info["maxmemory"]),
		Eviction: info["maxmemory_policy"], LogsWrites: info["aof_enabled"] == "1", Clients: quorum.Int(info["connected_clients"]),
		PerSecond: quorum.Int(info["instantaneous_ops_per_sec"]), LinkUp: info["master_link_status"] == "up",
		Replicas: int(quorum.Int(info["connected_slaves"])), offset: quorum.Int(info["master_repl_offset"]),
	}
	if l.Role == "slave" {
		l.Role, l.offset = "replica", quorum.Int(info["slave_repl_offset"])
	}
	return l
}

// errManyMasters is returned for a cluster.
var errManyMasters = errors.New("redis: a cluster has several masters: name one of them, or use redis-cli -c")

// Master returns the address of the master. A cluster has several, and this is an error there.
func (p *Prober) Master(ctx context.Context) (string, error) {
	if p.cluster() != nil {
		return "", errManyMasters
	}
	addrs, err := p.members(ctx)
	if err != nil {
		return "", err
	}
	return addrs[0], nil
}
