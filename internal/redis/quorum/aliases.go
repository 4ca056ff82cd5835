package quorum

import (
	"maps"
	"slices"
	"time"
)

// aliasTTL is the time for which two addresses count as one node after both were last seen to lead to it. A node
// that died answers at neither; it must still be recognised while its connections end.
const aliasTTL = 10 * time.Second

// alias means that an address leads to the same process as another one.
type alias struct {
	of string
	at time.Time // both were asked, and named the same process, no earlier than this
}

// aliases map each further address of a node to the address that stands for it. A node has two when
// the Sentinels announce names: a former master that announces no name of its own comes back under
// its address, and without aliases a write would wait for each of the two.
type aliases map[string]alias

// of returns the address that stands for the node at an address.
func (a aliases) of(addr string) string {
	if other, ok := a[addr]; ok {
		return other.of
	}
	return addr
}

// findAliases finds the addresses that lead to one process: nodes that report the same run id. What
// was found before stays until it is refuted or too old. The address by which a node was known stays
// the one that stands for it, so that recognising an alias changes no agreement.
func (o Observations) findAliases(before Agreement) aliases {
	found := aliases{}
	for addr, old := range before.same {
		a, b := o.Nodes[addr], o.Nodes[old.of]
		refuted := a.RunID != "" && b.RunID != "" && a.RunID != b.RunID && o.young(a.AskedAt) && o.young(b.AskedAt)
		if !refuted && o.Now.Sub(old.at) < aliasTTL {
			found[addr] = old
		}
	}
	known := append([]string{before.Addr, before.former.Addr}, before.Known...)
	first := make(map[string]string) // by run id
	addrs := slices.Sorted(maps.Keys(o.Nodes))
	slices.SortStableFunc(addrs, func(a, b string) int { return rank(known, a) - rank(known, b) })
	for _, addr := range addrs {
		n := o.Nodes[addr]
		if n.RunID == "" || !o.young(n.AskedAt) {
			continue
		}
		other, twice := first[n.RunID]
		if !twice {
			first[n.RunID] = addr
			delete(found, addr)
			continue
		}
		at := n.AskedAt
		if earlier := o.Nodes[other].AskedAt; earlier.Before(at) {
			at = earlier
		}
		found[addr] = alias{of: other, at: at}
	}
	return found
}

// rank is the position of an address among the known ones; the others come after them.
func rank(known []string, addr string) int {
	if at := slices.Index(known, addr); at >= 0 {
		return at
	}
	return len(known)
}

// canonical rewrites observations so that every node has one address.
func (o Observations) canonical(same aliases) Observations {
	if len(same) == 0 {
		return o
	}
	one := o
	one.Sentinels = make(map[string]SentinelView, len(o.Sentinels))
	for id, v := range o.Sentinels {
		v.Master = same.of(v.Master)
		replicas := make(map[string]bool, len(v.Replicas))
		for addr, down := range v.Replicas {
			addr = same.of(addr)
			before, twice := replicas[addr]
			replicas[addr] = down && (before || !twice) // it is up when it is up at one of them
		}
		delete(replicas, v.Master)
		v.Replicas = replicas
		one.Sentinels[id] = v
	}
	one.Nodes = make(map[string]NodeStatus, len(o.Nodes))
	for addr, n := range o.Nodes {
		addr, n.Upstream = same.of(addr), same.of(n.Upstream)
		if before, twice := one.Nodes[addr]; !twice || before.AskedAt.Before(n.AskedAt) {
			one.Nodes[addr] = n
		}
	}
	return one
}

// canonical rewrites the replicas of a master in the same way. Of a node that is listed twice the
// smaller offset counts.
func (n NodeStatus) canonical(same aliases) NodeStatus {
	if len(same) == 0 {
		return n
	}
	replicas := make(map[string]int64, len(n.Replicas))
	for addr, offset := range n.Replicas {
		addr = same.of(addr)
		if before, twice := replicas[addr]; twice {
			offset = min(offset, before)
		}
		replicas[addr] = offset
	}
	n.Replicas = replicas
	return n
}
