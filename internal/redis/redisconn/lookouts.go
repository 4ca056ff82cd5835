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
	addrs := slices.Clone(db.opt.Addrs)
	for i := 0; i < len(addrs); i++ { // it grows on the way
		seen, others := db.lookout(ctx, addrs[i])
		all = append(all, seen)
		for _, other := range others {
			if !slices.Contains(addrs, other) {
				addrs = append(addrs, other)
			}
		}
	}
	return all
}

func (db *DB) lookout(ctx context.Context, addr string) (Lookout, []string) {
	client := db.sentinel(addr)
	defer func() { _ = client.Close() }()
	master, err := client.Master(ctx, db.opt.MasterName).Result()
	if err != nil {
		return Lookout{Addr: addr, Err: explain(err, "the Sentinel", addr)}, nil
	}
	ms := func(name string) time.Duration { return time.Duration(number(master[name])) * time.Millisecond }
	seen := Lookout{
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
	var others []string
	if list, err := client.Sentinels(ctx, db.opt.MasterName).Result(); err == nil {
		for _, other := range list {
			others = append(others, net.JoinHostPort(other["ip"], other["port"]))
		}
	}
	return seen, others
}
