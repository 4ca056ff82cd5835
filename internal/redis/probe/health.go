package probe

import (
	"context"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// Health is the state of Redis. In Cluster mode it sums up the masters.
type Health struct {
	Mode       redisconn.Mode
	Role       string // "master", or what the server is instead
	Version    string // the oldest one
	Nodes      int    // masters
	Replicas   int    // connected ones
	AOF        bool   // every change is also written to disk
	Policy     string // what happens when the memory is full; anything but noeviction loses state
	UsedMemory int64  // bytes
	MaxMemory  int64  // bytes; 0 means no limit
	Evicted    int64  // keys that were thrown away for want of memory
	Durability redisconn.Durability
	Strict     redisconn.State // how strict durability stands; zero when it is not asked for
	DataLost   bool            // the data set is gone, or was replaced by another: nothing is served
	WriteError error           // why changes are refused, by the outcome of the last ones; nil when they are accepted

	Persistence Persistence // of the server that keeps least
}

// Health asks Redis how it is. An error, always a *outcome.Error, means that it could not be asked.
func (p *Prober) Health(ctx context.Context) (Health, error) {
	start := p.opt.Now()
	limited, cancel := context.WithTimeout(ctx, p.opt.DialTimeout+p.opt.Timeout)
	defer cancel()
	h, err := p.health(limited)
	if err == nil {
		p.db.TryWriting(ctx)
		p.db.FollowShards(limited)
	}
	h.Durability, h.DataLost, h.WriteError = p.opt.Durability, p.db.DataLost(), p.db.WriteError()
	h.Strict, _ = p.db.State()
	return h, p.db.Report("health", start, err)
}

func (p *Prober) health(ctx context.Context) (Health, error) {
	h := Health{Mode: p.opt.Mode}
	if p.opt.Mode == redisconn.Embedded {
		h.Role, h.Version, h.Nodes, h.Policy, h.Persistence = "master", "embedded", 1, noEviction, PersistsNothing
		return h, p.db.Driver().Ping(ctx).Err()
	}
	var mu sync.Mutex // the masters of a cluster are asked at the same time
	err := p.db.EachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			h.add(quorum.ParseInfo(info), p.saves())
		}
		return err
	})
	return h, err
}

// add takes one node's INFO into the sum; the worst of each wins.
func (h *Health) add(info quorum.Info, saves Persistence) {
	first := h.Nodes == 0
	h.Nodes++
	if first || info["role"] != "master" {
		h.Role = info["role"]
	}
	if first || olderThan(info["redis_version"], h.Version) {
		h.Version = info["redis_version"]
	}
	if first || info["maxmemory_policy"] != noEviction {
		h.Policy = info["maxmemory_policy"]
	}
	if kept := persistenceOf(info, saves); first || kept.worse(h.Persistence) {
		h.Persistence = kept
	}
	h.AOF = info["aof_enabled"] == "1" && (first || h.AOF)
	h.Replicas += int(quorum.Int(info["connected_slaves"]))
	h.UsedMemory += quorum.Int(info["used_memory"])
	h.MaxMemory += quorum.Int(info["maxmemory"])
	h.Evicted += quorum.Int(info["evicted_keys"])
}

// olderThan compares dotted version numbers.
func olderThan(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(a), len(b)) {
		if x, y := quorum.Int(a[i]), quorum.Int(b[i]); x != y {
			return x < y
		}
	}
	return len(a) < len(b)
}
