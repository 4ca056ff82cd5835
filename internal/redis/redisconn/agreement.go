package redisconn

import (
	"maps"
	"slices"
	"time"
)

// The bounds of what the Sentinels say.
const (
	fresh    = 700 * time.Millisecond // how long a word of theirs may make the set of replicas smaller
	steadily = 2 * time.Second        // how long a replica was there without a gap before it may stand in for its master
	gap      = 500 * time.Millisecond // a longer silence of a replica is a gap

	remembered = 8 // histories of a master before the one it writes
)

// sighting is what one Sentinel says of the group.
type sighting struct {
	at       time.Time       // when it was asked, which is before it answered
	master   string          // the master's address
	flags    string          // of the master; "master" and nothing else when all is well
	replicas map[string]bool // their addresses, and whether this Sentinel calls them s_down
	others   int             // the other Sentinels that it knows
	epoch    int64           // of the failover that made its master one; a later one is greater
}

// testimony is what a server says of itself.
type testimony struct {
	at       time.Time // when it was asked
	master   bool
	replid   string   // names the history that it holds
	replid2  string   // names the history that it continued when it was promoted
	second   int64    // where that one ended: the first offset that is no longer of it
	offset   int64    // how far it got
	upstream string   // of a replica: the address of its master
	linked   bool     // of a replica: the link to the master is up
	runID    string   // of the process; "" where it may not be asked
	listed   []string // of a master: the addresses of its replicas, as it has them

	since  time.Time // of a replica: it was asked without a gap, and always was this master's, from then on
	synced bool      // of a replica: at some time since then it had all that its master had
}

// agreement is what a majority of all Sentinels says, and what follows from it. It is made by
// agree alone, a function of what was heard and of the agreement before.
type agreement struct {
	master    string    // "" until there was a first majority
	replid    string    // the history that the master was last seen with
	since     time.Time // when this master was first agreed upon
	confirmed time.Time // a majority named it, with nothing held against it, no earlier than this
	named     time.Time // a majority named it, whatever they hold against it, no earlier than this
	former    lineage   // the master before, until it is a working replica
	earlier   []string  // the histories that the master was seen with before; a restart begins another one
	formerly  []string  // the same of the master before
	known     []string  // the replicas that any Sentinel ever named under this agreement
	required  []string  // those of them that a Sentinel could promote now
	down      []string  // those that every answering Sentinel calls s_down
	standIns  []string  // those that may answer reads while the master does not
	same      aliases   // further addresses of these nodes
}

// lineage is a server and the history that it wrote.
type lineage struct{ addr, replid string }

// heard is all that is known at one time.
type heard struct {
	now       time.Time
	sentinels map[string]sighting  // by the address of the Sentinel
	servers   map[string]testimony // by their own address
	asked     int                  // how many Sentinels are configured
	lease     time.Duration
}

// agree draws the conclusion. Without a majority the agreement before stays, and the set of
// replicas can then only grow.
func agree(h heard, before agreement) agreement {
	same := h.together(before)
	next := h.oneName(same).agree(before)
	next.same = same
	return next
}

func (h heard) agree(before agreement) agreement {
	master, confirmed := h.majority(func(s sighting) bool { return s.flags == "master" })
	next := before
	if master != "" && h.now.Sub(confirmed) < fresh {
		next.confirmed = confirmed
		if master != before.master {
			next = agreement{master: master, since: h.now, confirmed: confirmed}
			if before.master != "" {
				next.former, next.formerly = lineage{before.master, before.replid}, before.earlier
			}
		}
	}
	if next.master == "" {
		return next
	}
	if named, at := h.majority(func(sighting) bool { return true }); named == next.master {
		next.named = at
	}
	if m := h.servers[next.master]; m.master && m.replid != next.replid {
		if next.replid != "" {
			past := append(slices.Clone(next.earlier), next.replid)
			next.earlier = past[max(0, len(past)-remembered):]
		}
		next.replid = m.replid
	}
	if f := h.servers[next.former.addr]; next.former.addr != "" && f.follows(next.master) && f.linked && h.young(f.at) {
		next.former, next.formerly = lineage{}, nil
	}
	next.known = h.known(next)
	next.down = h.down(next.master, next.known)
	next.required = h.promotable(next)
	next.standIns = h.standIns(next)
	return next
}

// majority gives the master that more than half of all Sentinels name, counting those that ok
// accepts, and the time at which the last of the newest such majority was asked. "" means none.
func (h heard) majority(ok func(sighting) bool) (string, time.Time) {
	votes := make(map[string][]time.Time)
	for _, s := range h.sentinels {
		if ok(s) {
			votes[s.master] = append(votes[s.master], s.at)
		}
	}
	var master string
	var last time.Time
	need := h.total()/2 + 1
	for addr, times := range votes {
		if len(times) < need {
			continue
		}
		slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		if at := times[need-1]; at.After(last) {
			master, last = addr, at
		}
	}
	return master, last
}

// total is how many Sentinels there are: no fewer than are configured, and than any of them knows.
func (h heard) total() int {
	total := h.asked
	for _, s := range h.sentinels {
		total = max(total, s.others+1)
	}
	return total
}

func (h heard) young(at time.Time) bool { return h.now.Sub(at) < fresh }

// known is the union of all views. Only the word of a fresh majority, none of whom lists it, takes
// a replica off; and a Sentinel that missed something does not count.
func (h heard) known(a agreement) []string {
	all := make(map[string]bool)
	agreed := a.agreed(h.now)
	if !agreed {
		for _, addr := range a.known {
			all[addr] = true
		}
	}
	for _, s := range h.sentinels {
		if agreed && (!h.young(s.at) || h.missed(s, a.master)) {
			continue
		}
		all[s.master] = true
		for addr := range s.replicas {
			all[addr] = true
		}
	}
	if a.former.addr != "" {
		all[a.former.addr] = true
	}
	delete(all, a.master)
	delete(all, "")
	return slices.Sorted(maps.Keys(all))
}

// missed tells whether a Sentinel names another master, but none that was made later: it will follow
// those that name this one, and not they it.
func (h heard) missed(s sighting, master string) bool {
	return s.master != master && s.epoch <= h.epochOf(master)
}

// epochOf is the latest epoch in which a Sentinel says that a master became one.
func (h heard) epochOf(master string) int64 {
	var epoch int64
	for _, s := range h.sentinels {
		if s.master == master {
			epoch = max(epoch, s.epoch)
		}
	}
	return epoch
}

// down are the replicas of a master that every Sentinel with a fresh view of them calls s_down, when a
// majority of all Sentinels does. One that names it as the master of a later failover does not: what
// the others have lost sight of may be the successor.
func (h heard) down(master string, known []string) []string {
	var down []string
	for _, addr := range known {
		says, up := 0, 0
		for _, s := range h.sentinels {
			isDown, listed := s.replicas[addr]
			switch {
			case !h.young(s.at):
			case s.master == addr && !h.missed(s, master):
				up++
			case !listed:
			case isDown:
				says++
			default:
				up++
			}
		}
		if up == 0 && says > h.total()/2 {
			down = append(down, addr)
		}
	}
	return down
}

// promotable leaves out, of the known replicas, the dead ones and a predecessor that is proven to
// be one: it holds, or was seen with, the history that the master continued when it was promoted. A
// server that claims to be master without that proof may be the successor: it is never left out.
func (h heard) promotable(a agreement) []string {
	continued := ""
	if m := h.servers[a.master]; m.master {
		continued = m.replid2
	}
	var all []string
	for _, addr := range a.known {
		s := h.servers[addr]
		rival := s.master && h.young(s.at) && s.replid == continued && continued != ""
		former := addr == a.former.addr && (a.former.replid == continued || slices.Contains(a.formerly, continued)) && continued != ""
		if !rival && !former && !slices.Contains(a.down, addr) {
			all = append(all, addr)
		}
	}
	return all
}

// standIns are the replicas that hold every acknowledged write. No write can be acknowledged
// without them as long as a majority does not call them s_down, nor elsewhere than at their master
// as long as a majority names it; and being there without a gap since they had all that it had,
// they missed none.
func (h heard) standIns(a agreement) []string {
	var all []string
	for _, addr := range a.required {
		s := h.servers[addr]
		if s.follows(a.master) && s.synced && s.replid == a.replid && h.now.Sub(s.at) < gap &&
			h.now.Sub(s.since) >= steadily && h.trusted(a.master, addr) {
			all = append(all, addr)
		}
	}
	return all
}

// trusted tells whether a majority that names the master calls one of its replicas alive.
func (h heard) trusted(master, replica string) bool {
	says := 0
	for _, s := range h.sentinels {
		if isDown, listed := s.replicas[replica]; listed && !isDown && s.master == master && h.now.Sub(s.at) < h.lease {
			says++
		}
	}
	return says > h.total()/2
}

func (t testimony) follows(master string) bool { return !t.master && t.upstream == master }

// after carries over what a testimony proves together with the one before.
func (t testimony) after(before, master testimony) testimony {
	if t.master {
		return t
	}
	t.since = t.at
	if before.follows(t.upstream) && before.replid == t.replid && t.at.Sub(before.at) < gap {
		t.since, t.synced = before.since, before.synced
	}
	if master.master && master.replid == t.replid && t.at.After(master.at) && t.offset >= master.offset {
		t.synced = true
	}
	return t
}

// agreed tells whether the Sentinels' word is fresh enough to leave a replica out.
func (a agreement) agreed(now time.Time) bool { return now.Sub(a.confirmed) < fresh }

// leased tells whether nobody can have acknowledged a write at another master.
func (a agreement) leased(now time.Time, lease time.Duration) bool {
	return a.master != "" && now.Sub(a.confirmed) < lease
}

// mayStandIn tells whether a replica may answer now. The word that the master is still the one
// must be as fresh as a lease.
func (a agreement) mayStandIn(addr string, now time.Time, lease time.Duration) bool {
	return now.Sub(a.named) < lease && slices.Contains(a.standIns, addr)
}

// need is what an acknowledgement asks for at one time.
type need struct {
	required []string // must have the writes
	excused  []string // need not, although the master may still list them
	known    []string // all others are strangers, and count for nobody
	same     aliases
}

func (a agreement) need(now time.Time) need {
	if a.agreed(now) {
		return need{required: a.required, excused: a.down, known: a.known, same: a.same}
	}
	return need{required: a.known, known: a.known, same: a.same}
}

// least is how many replicas must have a write: never none.
func (n need) least() int { return max(1, len(n.required)) }
