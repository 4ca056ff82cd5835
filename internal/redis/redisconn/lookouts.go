package redisconn

import (
	"context"
	"net"
	"slices"
	"time"
)

// Lookout is what one Sentinel says about itself and its group.
type Lookout struct {
	Addr            string
	Err             error  // why it could not be asked; then all else is empty
	Master          string // host:port
	Quorum          int    // Sentinels that must call the master down
	DownAfter       time.Duration
	FailoverTimeout time.Duration
	Replicas        int // that it knows, but for those it calls down
	Others          int // Sentinels that it knows
}

// SurveySentinels asks all Sentinels that are configured or known to those; none in another mode.
func (db *DB) SurveySentinels(ctx context.Context) []Lookout {
	if db.opt.Mode != Sentinel {
		return nil
	}
	var all []Lookout
	addrs, ids := slices.Clone(db.opt.Addrs), make(map[string]bool)
	for i := 0; i < len(addrs); i++ { // it grows on the way
		seen, id, others := db.lookout(ctx, addrs[i])
		if ids[id] {
			continue // reached by another address before
		}
		ids[id] = true
		all = append(all, seen)
		for _, other := range others {
			if !slices.Contains(addrs, other) {
				addrs = append(addrs, other)
			}
		}
	}
	return all
}

// lookout asks one, and gives its id and the addresses of the others, too.
func (db *DB) lookout(ctx context.Context, addr string) (seen Lookout, id string, others []string) {
	client := db.sentinel(addr)
	defer func() { _ = client.Close() }()
	master, err := client.Master(ctx, db.opt.MasterName).Result()
	if err != nil {
		return Lookout{Addr: addr, Err: db.explain(ctx, err, "the Sentinel", addr)}, addr, nil
	}
	ms := func(name string) time.Duration { return time.Duration(number(master[name])) * time.Millisecond }
	seen = Lookout{
		Addr: addr, Master: net.JoinHostPort(master["ip"], master["port"]), Quorum: int(number(master["quorum"])),
		DownAfter: ms("down-after-milliseconds"), FailoverTimeout: ms("failover-timeout"), Others: int(number(master["num-other-sentinels"])),
	}
	if replicas, err := client.Replicas(ctx, db.opt.MasterName).Result(); err == nil {
		for _, replica := range replicas {
			if !hasFlag(replica["flags"], "s_down") {
				seen.Replicas++
			}
		}
	}
	if list, err := client.Sentinels(ctx, db.opt.MasterName).Result(); err == nil {
		for _, other := range list {
			others = append(others, net.JoinHostPort(other["ip"], other["port"]))
		}
	}
	return seen, sentinelID(ctx, client, addr), others
}
