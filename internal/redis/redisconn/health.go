package redisconn

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Health is how Redis is. In Cluster mode it sums up the masters.
type Health struct {
	Mode       Mode
	Role       string // "master", or what the server is instead
	Version    string // the oldest one
	Nodes      int    // masters
	Replicas   int    // connected ones
	AOF        bool   // every change is also written to disk
	Policy     string // what happens when the memory is full; anything but noeviction loses state
	UsedMemory int64  // bytes
	MaxMemory  int64  // bytes; 0 means no limit
	Evicted    int64  // keys that were thrown away for want of memory
	Durability Durability
	Strict     State // how strict durability stands; zero when it is not asked for
	Gone       bool  // the data set is gone, or was replaced by another: nothing is served
	Writes     error // why changes are refused, by what the last ones came to; nil when they are taken

	Persistence Persistence // of the server that keeps least
}

// Health asks Redis how it is. An error, always an *Error, means that it could not be asked.
func (db *DB) Health(ctx context.Context) (Health, error) {
	start := db.opt.Now()
	limited, cancel := context.WithTimeout(ctx, db.opt.DialTimeout+db.opt.Timeout)
	defer cancel()
	h, err := db.health(limited)
	if err == nil {
		db.tryWriting(ctx)
		db.followShards(limited)
	}
	h.Durability, h.Gone, h.Writes = db.opt.Durability, db.data.isLost(), db.writing.status()
	if db.durable != nil {
		h.Strict = db.durable.state(db.durable.watch.current())
	}
	return h, db.told("health", &request{queued: start}, err)
}

func (db *DB) health(ctx context.Context) (Health, error) {
	h := Health{Mode: db.opt.Mode}
	if db.opt.Mode == Embedded {
		h.Role, h.Version, h.Nodes, h.Policy, h.Persistence = "master", "embedded", 1, noEviction, PersistsNothing
		return h, db.client.Ping(ctx).Err()
	}
	cluster, ok := db.client.(*redis.ClusterClient)
	if !ok {
		info, err := db.client.Info(ctx).Result()
		if err == nil {
			h.add(parseInfo(info), db.saves())
		}
		return h, err
	}
	var mu sync.Mutex // the masters are asked at the same time
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.Info(ctx).Result()
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			h.add(parseInfo(info), db.saves())
		}
		return err
	})
	return h, err
}

// add takes one node's INFO into the sum; the worst of each wins.
func (h *Health) add(info map[string]string, saves Persistence) {
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
	h.Replicas += int(number(info["connected_slaves"]))
	h.UsedMemory += number(info["used_memory"])
	h.MaxMemory += number(info["maxmemory"])
	h.Evicted += number(info["evicted_keys"])
}

// parseInfo reads the answer of INFO.
func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			info[name] = value
		}
	}
	return info
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // what is not a number counts as none
	return n
}

// olderThan compares dotted version numbers.
func olderThan(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(a), len(b)) {
		if x, y := number(a[i]), number(b[i]); x != y {
			return x < y
		}
	}
	return len(a) < len(b)
}
