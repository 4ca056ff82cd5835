package redisconn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// ErrNames is in the error of a group in which a replica bears one address at the Sentinels and
// another at its master, and nothing shows that they are one: after it no change could be
// acknowledged.
var ErrNames = errors.New("a replica with two names")

// replica is a server that a Sentinel calls a replica, as it was asked itself.
type replica struct {
	addr   string
	runID  string
	linked bool // it hears its master
}

// CheckNames finds the replicas that their master lists under another address than the Sentinels, and
// that cannot be recognised: the daemon does that by the run id of the process that answers at both.
// Strict durability waits for replicas by name.
func (db *DB) CheckNames(ctx context.Context) error {
	if db.opt.Mode != Sentinel {
		return nil
	}
	master, err := db.askSentinels(ctx)
	if err != nil {
		return err
	}
	server := db.plain(master)
	defer func() { _ = server.Close() }()
	named := db.replicasByName(ctx) // asked first: who hears the master then is listed by it now
	info, err := infoOf(ctx, server)
	if err != nil {
		return db.explainServer(ctx, err, master, "info")
	}
	listed := make(map[string]string) // the run id by the address that the master has; "" where nobody answers
	for addr := range roleOf(info).replicas {
		listed[addr] = db.askReplica(ctx, addr).runID
	}
	return unrecognised(named, listed)
}

// unrecognised names the first replica that hears its master and is not among those that it lists.
func unrecognised(named []replica, listed map[string]string) error {
	ids := slices.Collect(maps.Values(listed))
	for _, r := range named {
		_, byName := listed[r.addr]
		if !r.linked || byName || r.runID != "" && slices.Contains(ids, r.runID) {
			continue
		}
		return &passing{fmt.Errorf("redis: there is %w: the Sentinels call it %s, and its master lists it under another address (%s) that does "+
			"not lead to it from here: set replica-announce-ip and replica-announce-port of that node to the name that the Sentinels use",
			ErrNames, r.addr, strings.Join(slices.Sorted(maps.Keys(listed)), ", "))}
	}
	return nil
}

// replicasByName asks every replica that a Sentinel names and does not call down.
func (db *DB) replicasByName(ctx context.Context) []replica {
	addrs := make(map[string]bool)
	for _, addr := range db.opt.Addrs {
		client := db.sentinel(addr)
		found, err := client.Replicas(ctx, db.opt.MasterName).Result()
		_ = client.Close()
		if err != nil {
			continue // how many can be heard is checked elsewhere
		}
		for _, one := range found {
			if !hasFlag(one["flags"], "s_down") {
				addrs[net.JoinHostPort(one["ip"], one["port"])] = true
			}
		}
	}
	var all []replica
	for _, addr := range slices.Sorted(maps.Keys(addrs)) {
		all = append(all, db.askReplica(ctx, addr))
	}
	return all
}

// askReplica asks a server who it is; only its address is set when it does not answer.
func (db *DB) askReplica(ctx context.Context, addr string) replica {
	ctx, cancel := context.WithTimeout(ctx, db.opt.DialTimeout+db.opt.Timeout)
	defer cancel()
	server := db.plain(addr)
	defer func() { _ = server.Close() }()
	info, err := infoOf(ctx, server)
	if err != nil {
		return replica{addr: addr}
	}
	return replica{addr: addr, runID: info["run_id"], linked: info["role"] == "slave" && info["master_link_status"] == "up"}
}
