package quorum

import (
	"maps"
	"slices"
	"time"
)

// The bounds of what observations prove.
const (
	maxViewAge   = 700 * time.Millisecond // older views must not make the set of replicas smaller (I2)
	steadyPeriod = 2 * time.Second        // how long a replica answers without a gap before it may serve reads (I9)
	maxSilence   = 500 * time.Millisecond // a longer silence of a replica is a gap
	maxClockStep = 10 * time.Second       // by how much the clock of a Sentinel may have been put forward since a failover (I8)

	maxHistories = 8 // how many earlier histories of a master are kept
)

// Lineage is a node and the history that it writes.
type Lineage struct{ Addr, ReplID string }

// Agreement holds the facts that a majority of all Sentinels agrees on, and their consequences. Only Decide makes one. Its times must be compared with the time at which it is used.
type Agreement struct {
	Lineage            // of the master; the zero Lineage before there was a majority
	Since    time.Time // when this master was first agreed on
	Settled  bool      // a majority has named this master for so long that nobody can still hold a lease of another (I8)
	Known    []string  // the replicas that any Sentinel named under this agreement
	Required []string  // the known replicas that a Sentinel could promote now

	ReadReplicas []string // the replicas that may serve reads while the master is silent

	confirmed time.Time // a majority named the master and held nothing against it, no earlier than this
	named     time.Time // a majority named the master, whatever it held against it, no earlier than this
	former    Lineage   // the master before this one, until it is a working replica
	earlier   []string  // histories that the master wrote before; each restart begins another one
	formerly  []string  // the same of the former master
	down      []string  // the known replicas that every answering Sentinel calls s_down
	same      aliases   // further addresses of these nodes
}

// Decide returns the agreement that follows from observations and the agreement before. Without a
// majority the agreement before stays, and its set of replicas can only grow (I2).
func Decide(o Observations, before Agreement) Agreement {
	same := o.findAliases(before)
	next := o.canonical(same).decide(before)
	next.same = same
	return next
}

func (o Observations) decide(before Agreement) Agreement {
	// I1: no other flag than "master" may stand beside the name.
	master, confirmed := o.majority(func(v SentinelView) bool { return v.Flags == "master" })
	next := before
	if master != "" && o.young(confirmed) {
		next.confirmed = confirmed
		if master != before.Addr {
			next = Agreement{Lineage: Lineage{Addr: master}, Since: o.Now, confirmed: confirmed}
			if before.Addr != "" {
				next.former, next.formerly = before.Lineage, before.earlier
			}
		}
	}
	if next.Addr == "" {
		return next
	}
	if named, at := o.majority(func(SentinelView) bool { return true }); named == next.Addr {
		next.named = at
	}
	next.Settled = o.settled(next.Addr)
	if m := o.Nodes[next.Addr]; m.Master && m.ReplID != next.ReplID {
		if next.ReplID != "" {
			past := append(slices.Clone(next.earlier), next.ReplID)
			next.earlier = past[max(0, len(past)-maxHistories):]
		}
		next.ReplID = m.ReplID
	}
	if f := o.Nodes[next.former.Addr]; next.former.Addr != "" && f.follows(next.Addr) && f.LinkUp && o.young(f.AskedAt) {
		next.former, next.formerly = Lineage{}, nil
	}
	next.Known = o.known(next)
	next.down = o.down(next.Addr, next.Known)
	next.Required = o.promotable(next)
	next.ReadReplicas = o.readReplicas(next)
	return next
}

// settled reports whether a majority has named a master for longer than a lease. A lease needs the word of a majority, and
// two majorities have a Sentinel in common: every lease of another master was then granted before, and is over (I8).
func (o Observations) settled(master string) bool {
	named, at := o.majority(func(v SentinelView) bool { return v.NamedFor >= o.Lease+maxClockStep })
	return named == master && o.young(at)
}

// known is the union of all views. A replica leaves it only when a fresh majority agrees and none of
// its views lists the replica (I2). Views of outvoted Sentinels do not count (I10).
func (o Observations) known(a Agreement) []string {
	all := make(map[string]bool)
	agreed := a.Agreed(o.Now)
	if !agreed {
		for _, addr := range a.Known {
			all[addr] = true
		}
	}
	for _, v := range o.Sentinels {
		if agreed && (!o.young(v.AskedAt) || o.outvoted(v, a.Addr)) {
			continue
		}
		all[v.Master] = true
		for addr := range v.Replicas {
			all[addr] = true
		}
	}
	if a.former.Addr != "" {
		all[a.former.Addr] = true
	}
	delete(all, a.Addr)
	delete(all, "")
	return slices.Sorted(maps.Keys(all))
}

// down returns the replicas that every Sentinel with a fresh view of them calls s_down, when those are
// a majority of all Sentinels. A Sentinel that names the replica as the master of a later failover
// counts as one that sees it: the others may have lost sight of the successor (I10).
func (o Observations) down(master string, known []string) []string {
	var down []string
	for _, addr := range known {
		downVotes, upVotes := 0, 0
		for _, v := range o.Sentinels {
			isDown, listed := v.Replicas[addr]
			switch {
			case !o.young(v.AskedAt):
			case v.Master == addr && !o.outvoted(v, master):
				upVotes++
			case !listed:
			case isDown:
				downVotes++
			default:
				upVotes++
			}
		}
		if upVotes == 0 && downVotes > o.total()/2 {
			down = append(down, addr)
		}
	}
	return down
}

// promotable returns the known replicas that a Sentinel could promote. It leaves out dead ones, and a
// predecessor that is proven to be one: it holds, or was seen with, the history that the master
// continued when it was promoted. A node that claims to be master without that proof may be the
// successor, and is never left out (I6).
func (o Observations) promotable(a Agreement) []string {
	continued := ""
	if m := o.Nodes[a.Addr]; m.Master {
		continued = m.ReplID2
	}
	var all []string
	for _, addr := range a.Known {
		n := o.Nodes[addr]
		rival := n.Master && o.young(n.AskedAt) && n.ReplID == continued && continued != ""
		former := addr == a.former.Addr && (a.former.ReplID == continued || slices.Contains(a.formerly, continued)) && continued != ""
		if !rival && !former && !slices.Contains(a.down, addr) {
			all = append(all, addr)
		}
	}
	return all
}

// readReplicas returns the replicas that certainly hold every acknowledged write (I9). No write is
// acknowledged without them while a majority does not call them down, and none elsewhere than at their
// master while a majority names it; a replica that answered without a gap since it had caught up has
// missed none.
func (o Observations) readReplicas(a Agreement) []string {
	var all []string
	for _, addr := range a.Required {
		n := o.Nodes[addr]
		if n.follows(a.Addr) && n.caughtUp && n.ReplID == a.ReplID && o.Now.Sub(n.AskedAt) < maxSilence &&
			o.Now.Sub(n.steadySince) >= steadyPeriod && o.trusted(a.Addr, addr) {
			all = append(all, addr)
		}
	}
	return all
}

// Agreed reports whether the majority's view is fresh enough to leave a replica out (I2).
func (a Agreement) Agreed(now time.Time) bool { return now.Sub(a.confirmed) < maxViewAge }

// Leased reports whether the master may be read: within the lease no other master can have
// acknowledged a write (I7).
func (a Agreement) Leased(now time.Time, lease time.Duration) bool {
	return a.Addr != "" && now.Sub(a.confirmed) < lease
}

// MayReadReplica reports whether a replica may serve reads now. The majority's view that the master is
// still the one must be as fresh as a lease (I9).
func (a Agreement) MayReadReplica(addr string, now time.Time, lease time.Duration) bool {
	return now.Sub(a.named) < lease && slices.Contains(a.ReadReplicas, addr)
}
