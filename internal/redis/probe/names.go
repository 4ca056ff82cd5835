package probe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNames is in the error of a group in which a replica has one address at the Sentinels and another
// at its master, and nothing shows that they are one node: no change could be acknowledged after it.
var ErrNames = errors.New("a replica with two names")

// replica is a node that a Sentinel calls a replica, as it reports itself.
type replica struct {
	addr   string
	runID  string
	linked bool // it is connected to its master
}

// checkNames finds replicas that their master lists under another address than the Sentinels, and that
// cannot be recognised by the run id of the process that answers at both. Strict durability waits for
// replicas by name (I3).
func (p *Prober) checkNames(ctx context.Context, master string, sentinels []SentinelStatus) error {
	// Ask the replicas first: one that is connected to its master then is listed by it now.
	named := p.replicasByName(ctx, sentinels)
	server := p.dial.Node(master)
	defer func() { _ = server.Close() }()
	status, err := server.Status(ctx)
	if err != nil {
		return p.explainServer(ctx, err, master, "info")
	}
	listed := make(map[string]string) // run ids by the address that the master has; "" where nothing answers
	for addr := range status.Replicas {
		listed[addr] = p.askReplica(ctx, addr).runID
	}
	return unrecognised(named, listed)
}

// unrecognised returns an error for the first replica that is connected to its master and is not among
// those that the master lists.
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
func (p *Prober) replicasByName(ctx context.Context, sentinels []SentinelStatus) []replica {
	addrs := make(map[string]bool)
	for _, s := range sentinels {
		for addr, down := range s.Replicas {
			if !down {
				addrs[addr] = true
			}
		}
	}
	var all []replica
	for _, addr := range slices.Sorted(maps.Keys(addrs)) {
		all = append(all, p.askReplica(ctx, addr))
	}
	return all
}

// askReplica asks a node for its identity; only the address is set when it does not answer.
func (p *Prober) askReplica(ctx context.Context, addr string) replica {
	ctx, cancel := context.WithTimeout(ctx, p.opt.DialTimeout+p.opt.Timeout)
	defer cancel()
	server := p.dial.Node(addr)
	defer func() { _ = server.Close() }()
	status, err := server.Status(ctx)
	if err != nil {
		return replica{addr: addr}
	}
	return replica{addr: addr, runID: status.RunID, linked: !status.Master && status.LinkUp}
}
