package redisconn

import (
	"maps"
	"slices"
	"time"
)

// sticky is how long two addresses count as one node after both were last seen to lead to it. A node
// that died answers at neither; it must still be recognised while its connections end.
const sticky = 10 * time.Second

// alias says that an address leads to the same process as another one.
type alias struct {
	of string
	at time.Time // both were asked, and named the same process, no earlier than this
}

// aliases maps each further address of a node to the address that stands for it. A node has two when
// the Sentinels announce names: a former master that announces no name of its own comes back under
// its address, and each of the two would be waited for.
type aliases map[string]alias

// canon is the address that stands for the node at an address.
func (a aliases) canon(addr string) string {
	if other, ok := a[addr]; ok {
		return other.of
	}
	return addr
}

// together finds the addresses that lead to one process: their servers name the same run id. What was
// found before stays until it is refuted or too old. The address by which a node was known stays the
// one that stands for it, so that recognising it changes no agreement.
func (h heard) together(before agreement) aliases {
	found := aliases{}
	for addr, old := range before.same {
		a, b := h.servers[addr], h.servers[old.of]
		refuted := a.runID != "" && b.runID != "" && a.runID != b.runID && h.young(a.at) && h.young(b.at)
		if !refuted && h.now.Sub(old.at) < sticky {
			found[addr] = old
		}
	}
	known := append([]string{before.master, before.former.addr}, before.known...)
	first := make(map[string]string) // by run id
	addrs := slices.Sorted(maps.Keys(h.servers))
	slices.SortStableFunc(addrs, func(a, b string) int { return rank(known, a) - rank(known, b) })
	for _, addr := range addrs {
		s := h.servers[addr]
		if s.runID == "" || !h.young(s.at) {
			continue
		}
		other, twice := first[s.runID]
		if !twice {
			first[s.runID] = addr
			delete(found, addr)
			continue
		}
		at := s.at
		if o := h.servers[other].at; o.Before(at) {
			at = o
		}
		found[addr] = alias{of: other, at: at}
	}
	return found
}

func rank(known []string, addr string) int {
	if at := slices.Index(known, addr); at >= 0 {
		return at
	}
	return len(known)
}

// oneName rewrites what was heard so that every node has one address.
func (h heard) oneName(same aliases) heard {
	if len(same) == 0 {
		return h
	}
	one := h
	one.sentinels = make(map[string]sighting, len(h.sentinels))
	for id, s := range h.sentinels {
		s.master = same.canon(s.master)
		replicas := make(map[string]bool, len(s.replicas))
		for addr, down := range s.replicas {
			addr = same.canon(addr)
			before, twice := replicas[addr]
			replicas[addr] = down && (before || !twice) // it is up when it is up at one of them
		}
		delete(replicas, s.master)
		s.replicas = replicas
		one.sentinels[id] = s
	}
	one.servers = make(map[string]testimony, len(h.servers))
	for addr, t := range h.servers {
		addr, t.upstream = same.canon(addr), same.canon(t.upstream)
		if before, twice := one.servers[addr]; !twice || before.at.Before(t.at) {
			one.servers[addr] = t
		}
	}
	return one
}

// oneName rewrites what a master lists in the same way. Of a node that is listed twice the smaller
// offset counts.
func (r role) oneName(same aliases) role {
	if len(same) == 0 {
		return r
	}
	replicas := make(map[string]int64, len(r.replicas))
	for addr, offset := range r.replicas {
		addr = same.canon(addr)
		if before, twice := replicas[addr]; twice {
			offset = min(offset, before)
		}
		replicas[addr] = offset
	}
	r.replicas = replicas
	return r
}
