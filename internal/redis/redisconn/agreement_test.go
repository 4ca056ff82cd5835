package redisconn

import (
	"slices"
	"testing"
	"time"
)

// The group of the tables: a is the master at first.
const (
	nodeA, nodeB, nodeC = "10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"

	historyA, historyB = "aaaa", "bbbb"
)

// noon is when everything is judged.
func noon() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) time.Time { return noon().Add(-d) }

// see is a fresh sighting: the replicas that are up, and after "down" those that are s_down.
func see(master, flags string, replicas ...string) sighting {
	s := sighting{at: ago(50 * time.Millisecond), master: master, flags: flags, replicas: map[string]bool{}, others: 2}
	down := false
	for _, r := range replicas {
		if r == "down" {
			down = true
			continue
		}
		s.replicas[r] = down
	}
	return s
}

func (s sighting) aged(by time.Duration) sighting {
	s.at = ago(by)
	return s
}

func (s sighting) in(epoch int64) sighting {
	s.epoch = epoch
	return s
}

func views(all ...sighting) map[string]sighting {
	m := make(map[string]sighting)
	for i, s := range all {
		m[string(rune('x'+i))] = s
	}
	return m
}

func masterOf(replid, replid2 string) testimony {
	return testimony{at: ago(50 * time.Millisecond), master: true, replid: replid, replid2: replid2, offset: 1000}
}

// steadyReplica has been there for long and had everything.
func steadyReplica(of, replid string) testimony {
	return testimony{
		at: ago(20 * time.Millisecond), replid: replid, upstream: of, linked: true, offset: 1000,
		since: ago(time.Minute), synced: true,
	}
}

// underA is the agreement before the fault.
func underA() agreement {
	return agreement{
		master: nodeA, replid: historyA, since: ago(time.Hour), confirmed: ago(100 * time.Millisecond), named: ago(100 * time.Millisecond),
		known: []string{nodeB, nodeC}, required: []string{nodeB, nodeC},
	}
}

// stale is the same, when nobody has confirmed it for a while.
func stale() agreement {
	a := underA()
	a.confirmed, a.named = ago(900*time.Millisecond), ago(900*time.Millisecond)
	return a
}

// underB is the agreement after a failover from A to B.
func underB() agreement {
	a := underA()
	a.master, a.replid, a.former, a.since = nodeB, historyB, lineage{nodeA, historyA}, ago(time.Second)
	a.known, a.required = []string{nodeA, nodeC}, []string{nodeC}
	return a
}

// A master that was restarted writes another history; the earlier one is remembered.
func TestEarlierHistories(t *testing.T) {
	t.Parallel()
	well := see(nodeA, "master", nodeB, nodeC)
	a := underA()
	for _, replid := range []string{historyA, "aaaa2", "aaaa2", "aaaa3"} {
		a = agree(heard{
			now: ago(0), sentinels: views(well, well, well), asked: 3, lease: time.Second,
			servers: map[string]testimony{nodeA: masterOf(replid, "")},
		}, a)
	}
	if a.replid != "aaaa3" || !slices.Equal(a.earlier, []string{historyA, "aaaa2"}) {
		t.Errorf("now %q, earlier %q", a.replid, a.earlier)
	}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	well := see(nodeA, "master", nodeB, nodeC)
	rows := []struct {
		name      string
		before    agreement
		sentinels map[string]sighting
		servers   map[string]testimony
		asked     int // 0 means 3
		master    string
		required  []string // as need gives it
		excused   []string
	}{
		{name: "nobody was heard yet", master: ""},
		{name: "one Sentinel of three is not a majority", sentinels: views(well), master: ""},
		{name: "two of three agree", sentinels: views(well, well), master: nodeA, required: []string{nodeB, nodeC}},
		{
			name: "two configured ones are not a majority of the five that they know of", asked: 2, master: "",
			sentinels: views(sighting{at: ago(0), master: nodeA, flags: "master", others: 4}, sighting{at: ago(0), master: nodeA, flags: "master", others: 4}),
		},
		{
			name:      "a master that a majority holds something against is not agreed upon",
			sentinels: views(see(nodeA, "master,s_down"), see(nodeA, "master,s_down,o_down"), well), master: "",
		},
		{
			name:      "failover in progress",
			sentinels: views(see(nodeA, "master,failover_in_progress"), see(nodeA, "master,disconnected"), well), master: "",
		},
		{
			name: "replica-kill: down for every Sentinel", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB), see(nodeA, "master", nodeC, "down", nodeB), see(nodeA, "master", nodeC, "down", nodeB)),
			required:  []string{nodeC}, excused: []string{nodeB},
		},
		{
			name: "the most cautious view counts", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB), see(nodeA, "master", nodeC, "down", nodeB), well),
			required:  []string{nodeB, nodeC},
		},
		{
			name: "down for both that answer, and they are a majority", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB), see(nodeA, "master", nodeC, "down", nodeB), well.aged(10*time.Second)),
			required:  []string{nodeC}, excused: []string{nodeB},
		},
		{
			name: "down for one that answers is no majority", before: stale(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB), well.aged(10*time.Second), well.aged(10*time.Second)),
			required:  []string{nodeB, nodeC},
		},
		{
			name: "without a majority nothing shrinks", before: stale(), master: nodeA,
			sentinels: views(see(nodeA, "master,s_down", nodeC, "down", nodeB), see(nodeA, "master,s_down", nodeC, "down", nodeB)),
			required:  []string{nodeB, nodeC},
		},
		{
			name: "a replica vanished from every view, without a majority", before: stale(), master: nodeA,
			sentinels: views(see(nodeA, "master,s_down", nodeC), see(nodeA, "master,s_down", nodeC)),
			required:  []string{nodeB, nodeC},
		},
		{
			name: "a majority no longer knows a replica", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC), see(nodeA, "master", nodeC)), required: []string{nodeC},
		},
		{
			name: "a word older than 700 ms shrinks nothing", before: stale(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB).aged(750*time.Millisecond), see(nodeA, "master", nodeC, "down", nodeB).aged(750*time.Millisecond)),
			required:  []string{nodeB, nodeC},
		},
		{
			name: "all replicas down: none is required by name, but need.least is one", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", "down", nodeB, nodeC), see(nodeA, "master", "down", nodeB, nodeC)),
			excused:   []string{nodeB, nodeC},
		},
		{
			name: "failover: the new master is not its own replica, the old one is", before: underA(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC), well),
			required:  []string{nodeA, nodeC},
		},
		{
			name: "isr3: the former master, proven to be that, is left out at once", before: underA(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name:   "restart: the former master came back with another history after its successor had been chosen",
			before: func() agreement { a := underA(); a.replid, a.earlier = "aaaa2", []string{historyA}; return a }(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA), nodeA: masterOf("aaaa2", "")}, required: []string{nodeC},
		},
		{
			name: "isr3: another history is no proof", before: underA(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, "cccc")}, required: []string{nodeA, nodeC},
		},
		{
			name: "isr3: it counts again once it is a replica with its link up", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]testimony{
				nodeB: masterOf(historyB, historyA), nodeA: {at: ago(0), upstream: nodeB, linked: true},
			},
			required: []string{nodeA, nodeC},
		},
		{
			name: "isr3: not while its link is down", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]testimony{
				nodeB: masterOf(historyB, historyA), nodeA: {at: ago(0), upstream: nodeB},
			},
			required: []string{nodeC},
		},
		{
			name: "isr3: without a majority it counts", before: func() agreement { a := underB(); a.confirmed = ago(time.Minute); return a }(),
			master: nodeB, sentinels: views(see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]testimony{nodeB: masterOf(historyB, historyA)}, required: []string{nodeA, nodeC},
		},
		{
			name: "isr2: a rival that still writes the history which the master continued", master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA), nodeA: masterOf(historyA, "")}, required: []string{nodeC},
		},
		{
			name: "isr2: a rival without that proof may be the successor", before: underA(), master: nodeA,
			sentinels: views(well, well),
			servers:   map[string]testimony{nodeA: masterOf(historyA, ""), nodeB: masterOf(historyB, historyA)}, required: []string{nodeB, nodeC},
		},
		{
			name: "isr2: what it said long ago proves nothing", master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]testimony{
				nodeB: masterOf(historyB, historyA), nodeA: {at: ago(time.Minute), master: true, replid: historyA},
			},
			required: []string{nodeA, nodeC},
		},
		{
			name: "one Sentinel lags behind a failover", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC), see(nodeA, "master,s_down", nodeB, nodeC)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name: "S11: one Sentinel that missed everything names a server of its own", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC).in(1), see(nodeB, "master", nodeA, nodeC).in(1), see("10.0.0.9:6379", "master").in(1)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name: "one Sentinel is ahead, and names a successor that the others do not know", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC).in(1), see(nodeB, "master", nodeA, nodeC).in(1), see("10.0.0.9:6379", "master").in(2)),
			servers:   map[string]testimony{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC, "10.0.0.9:6379"},
		},
		{
			name: "one Sentinel is ahead, and its master is lost to the others, who call it down", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB).in(1), see(nodeA, "master", nodeC, "down", nodeB).in(1), see(nodeB, "master", nodeA, nodeC).in(2)),
			servers:   map[string]testimony{nodeA: masterOf(historyA, "")}, required: []string{nodeB, nodeC},
		},
		{
			name: "sentinel-kill: two are left", before: underA(), master: nodeA,
			sentinels: views(well, well, well.aged(time.Hour)), required: []string{nodeB, nodeC},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := heard{now: noon(), sentinels: row.sentinels, servers: row.servers, asked: max(row.asked, 3), lease: time.Second}
			if row.asked > 0 {
				h.asked = row.asked
			}
			got := agree(h, row.before)
			if got.master != row.master {
				t.Fatalf("master %q, want %q", got.master, row.master)
			}
			need := got.need(noon())
			if !slices.Equal(need.required, row.required) || !slices.Equal(need.excused, row.excused) {
				t.Errorf("required %v and excused %v, want %v and %v", need.required, need.excused, row.required, row.excused)
			}
		})
	}
}

func TestStandIns(t *testing.T) {
	t.Parallel()
	doubt := see(nodeA, "master,s_down,o_down", nodeB, nodeC)
	rows := []struct {
		name      string
		sentinels map[string]sighting
		change    func(*testimony)
		before    func(*agreement)
		want      bool
	}{
		{name: "the master is down, a majority still names it", want: true},
		{name: "one Sentinel is dead", sentinels: views(doubt, doubt, doubt.aged(time.Minute)), want: true},
		{name: "no majority names it any more", sentinels: views(doubt, see(nodeB, "master", nodeA, nodeC), doubt.aged(2*time.Second))},
		{name: "their word is older than the lease", sentinels: views(doubt.aged(1100*time.Millisecond), doubt.aged(1100*time.Millisecond), doubt)},
		{name: "a majority calls it down", sentinels: views(see(nodeA, "master,s_down", nodeC, "down", nodeB), see(nodeA, "master,s_down", nodeC, "down", nodeB), doubt)},
		{name: "it never had all that the master had", change: func(r *testimony) { r.synced = false }},
		{name: "it was away a moment ago", change: func(r *testimony) { r.since = ago(time.Second) }},
		{name: "it is silent now", change: func(r *testimony) { r.at = ago(600 * time.Millisecond) }},
		{name: "it follows another", change: func(r *testimony) { r.upstream = nodeC }},
		{name: "it is a master itself", change: func(r *testimony) { r.master = true }},
		{name: "it holds another history", change: func(r *testimony) { r.replid = historyB }},
		{name: "its link is down, as it must be when the master is dead", change: func(r *testimony) { r.linked = false }, want: true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			replica := steadyReplica(nodeA, historyA)
			if row.change != nil {
				row.change(&replica)
			}
			if row.sentinels == nil {
				row.sentinels = views(doubt, doubt, doubt)
			}
			h := heard{
				now: noon(), sentinels: row.sentinels, asked: 3, lease: time.Second,
				servers: map[string]testimony{nodeB: replica},
			}
			got := agree(h, stale())
			if may := got.mayStandIn(nodeB, noon(), time.Second); may != row.want {
				t.Errorf("may stand in: %v, want %v", may, row.want)
			}
			if got.mayStandIn(nodeC, noon(), time.Second) {
				t.Error("a replica that was never heard may stand in")
			}
			if got.mayStandIn(nodeB, noon().Add(time.Second), time.Second) {
				t.Error("it still may when the Sentinels' word is old")
			}
		})
	}
}

func TestAReplicaProvesItselfWithoutAGap(t *testing.T) {
	t.Parallel()
	master := testimony{at: ago(300 * time.Millisecond), master: true, replid: historyA, offset: 500}
	first := testimony{at: ago(200 * time.Millisecond), replid: historyA, upstream: nodeA, offset: 500}.after(testimony{}, master)
	if !first.synced || !first.since.Equal(first.at) {
		t.Fatalf("a replica with all that its master had: %+v", first)
	}
	behind := testimony{at: ago(100 * time.Millisecond), replid: historyA, upstream: nodeA, offset: 400}
	if next := behind.after(first, testimony{at: ago(150 * time.Millisecond), master: true, replid: historyA, offset: 600}); !next.synced || !next.since.Equal(first.at) {
		t.Errorf("it stays proven while it is there without a gap: %+v", next)
	}
	if next := behind.after(testimony{at: ago(time.Second), replid: historyA, upstream: nodeA, synced: true}, master); next.synced || !next.since.Equal(behind.at) {
		t.Errorf("a gap ends the proof: %+v", next)
	}
	if early := (testimony{at: ago(400 * time.Millisecond), replid: historyA, upstream: nodeA, offset: 500}).after(testimony{}, master); early.synced {
		t.Error("what it had before the master was asked proves nothing")
	}
	if next := behind.after(testimony{at: ago(200 * time.Millisecond), replid: historyA, upstream: nodeC, synced: true}, master); next.synced {
		t.Error("another master ends the proof")
	}
}

func TestTheLease(t *testing.T) {
	t.Parallel()
	sentinels := views(see(nodeA, "master"), see(nodeA, "master").aged(300*time.Millisecond), see(nodeA, "master").aged(600*time.Millisecond))
	a := agree(heard{now: noon(), sentinels: sentinels, asked: 3, lease: time.Second}, agreement{})
	if want := ago(300 * time.Millisecond); !a.confirmed.Equal(want) {
		t.Fatalf("confirmed %v: the majority is complete with its second word, %v", a.confirmed, want)
	}
	if !a.leased(noon().Add(699*time.Millisecond), time.Second) || a.leased(noon().Add(700*time.Millisecond), time.Second) {
		t.Error("the lease counts from when the majority was asked")
	}
}
