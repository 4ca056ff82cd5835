package quorum

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

// see returns a fresh view: the replicas that are up, and after "down" those that are s_down.
func see(master, flags string, replicas ...string) SentinelView {
	s := SentinelView{AskedAt: ago(50 * time.Millisecond), Master: master, Flags: flags, Replicas: map[string]bool{}, OtherSentinels: 2}
	down := false
	for _, r := range replicas {
		if r == "down" {
			down = true
			continue
		}
		s.Replicas[r] = down
	}
	return s
}

func (s SentinelView) aged(by time.Duration) SentinelView {
	s.AskedAt = ago(by)
	return s
}

func (s SentinelView) in(epoch int64) SentinelView {
	s.Epoch = epoch
	return s
}

func views(all ...SentinelView) map[string]SentinelView {
	m := make(map[string]SentinelView)
	for i, s := range all {
		m[string(rune('x'+i))] = s
	}
	return m
}

func masterOf(replid, replid2 string) NodeStatus {
	return NodeStatus{AskedAt: ago(50 * time.Millisecond), Master: true, ReplID: replid, ReplID2: replid2, Offset: 1000}
}

// steadyReplica has been there for long and had everything.
func steadyReplica(of, replid string) NodeStatus {
	return NodeStatus{
		AskedAt: ago(20 * time.Millisecond), ReplID: replid, Upstream: of, LinkUp: true, Offset: 1000,
		steadySince: ago(time.Minute), caughtUp: true,
	}
}

// underA is the agreement before the fault.
func underA() Agreement {
	return Agreement{
		Lineage: Lineage{nodeA, historyA}, Since: ago(time.Hour), confirmed: ago(100 * time.Millisecond), named: ago(100 * time.Millisecond),
		Known: []string{nodeB, nodeC}, Required: []string{nodeB, nodeC},
	}
}

// stale is the same, when nobody has confirmed it for a while.
func stale() Agreement {
	a := underA()
	a.confirmed, a.named = ago(900*time.Millisecond), ago(900*time.Millisecond)
	return a
}

// underB is the agreement after a failover from A to B.
func underB() Agreement {
	a := underA()
	a.Addr, a.ReplID, a.former, a.Since = nodeB, historyB, Lineage{nodeA, historyA}, ago(time.Second)
	a.Known, a.Required = []string{nodeA, nodeC}, []string{nodeC}
	return a
}

// A master that was restarted writes another history; the earlier one is remembered.
func TestEarlierHistories(t *testing.T) {
	t.Parallel()
	well := see(nodeA, "master", nodeB, nodeC)
	a := underA()
	for _, replid := range []string{historyA, "aaaa2", "aaaa2", "aaaa3"} {
		a = Decide(Observations{
			Now: ago(0), Sentinels: views(well, well, well), Configured: 3, Lease: time.Second,
			Nodes: map[string]NodeStatus{nodeA: masterOf(replid, "")},
		}, a)
	}
	if a.ReplID != "aaaa3" || !slices.Equal(a.earlier, []string{historyA, "aaaa2"}) {
		t.Errorf("now %q, earlier %q", a.ReplID, a.earlier)
	}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	well := see(nodeA, "master", nodeB, nodeC)
	rows := []struct {
		name      string
		before    Agreement
		sentinels map[string]SentinelView
		servers   map[string]NodeStatus
		asked     int // 0 means 3
		master    string
		required  []string // as need returns it
		excused   []string
	}{
		{name: "nobody was Observations yet", master: ""},
		{name: "one Sentinel of three is not a majority", sentinels: views(well), master: ""},
		{name: "two of three agree", sentinels: views(well, well), master: nodeA, required: []string{nodeB, nodeC}},
		{
			name: "two configured ones are not a majority of the five that they know of", asked: 2, master: "",
			sentinels: views(SentinelView{AskedAt: ago(0), Master: nodeA, Flags: "master", OtherSentinels: 4}, SentinelView{AskedAt: ago(0), Master: nodeA, Flags: "master", OtherSentinels: 4}),
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
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name:   "restart: the former master came back with another history after its successor had been chosen",
			before: func() Agreement { a := underA(); a.ReplID, a.earlier = "aaaa2", []string{historyA}; return a }(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA), nodeA: masterOf("aaaa2", "")}, required: []string{nodeC},
		},
		{
			name: "isr3: another history is no proof", before: underA(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, "cccc")}, required: []string{nodeA, nodeC},
		},
		{
			name: "isr3: it counts again once it is a replica with its link up", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]NodeStatus{
				nodeB: masterOf(historyB, historyA), nodeA: {AskedAt: ago(0), Upstream: nodeB, LinkUp: true},
			},
			required: []string{nodeA, nodeC},
		},
		{
			name: "isr3: not while its link is down", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]NodeStatus{
				nodeB: masterOf(historyB, historyA), nodeA: {AskedAt: ago(0), Upstream: nodeB},
			},
			required: []string{nodeC},
		},
		{
			name: "isr3: without a majority it counts", before: func() Agreement { a := underB(); a.confirmed = ago(time.Minute); return a }(),
			master: nodeB, sentinels: views(see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]NodeStatus{nodeB: masterOf(historyB, historyA)}, required: []string{nodeA, nodeC},
		},
		{
			name: "isr2: a rival that still writes the history which the master continued", master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA), nodeA: masterOf(historyA, "")}, required: []string{nodeC},
		},
		{
			name: "isr2: a rival without that proof may be the successor", before: underA(), master: nodeA,
			sentinels: views(well, well),
			servers:   map[string]NodeStatus{nodeA: masterOf(historyA, ""), nodeB: masterOf(historyB, historyA)}, required: []string{nodeB, nodeC},
		},
		{
			name: "isr2: what it said long ago proves nothing", master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC)),
			servers: map[string]NodeStatus{
				nodeB: masterOf(historyB, historyA), nodeA: {AskedAt: ago(time.Minute), Master: true, ReplID: historyA},
			},
			required: []string{nodeA, nodeC},
		},
		{
			name: "one Sentinel lags behind a failover", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC), see(nodeB, "master", nodeA, nodeC), see(nodeA, "master,s_down", nodeB, nodeC)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name: "S11: one Sentinel that missed everything names a server of its own", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC).in(1), see(nodeB, "master", nodeA, nodeC).in(1), see("10.0.0.9:6379", "master").in(1)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC},
		},
		{
			name: "one Sentinel is ahead, and names a successor that the others do not know", before: underB(), master: nodeB,
			sentinels: views(see(nodeB, "master", nodeA, nodeC).in(1), see(nodeB, "master", nodeA, nodeC).in(1), see("10.0.0.9:6379", "master").in(2)),
			servers:   map[string]NodeStatus{nodeB: masterOf(historyB, historyA)}, required: []string{nodeC, "10.0.0.9:6379"},
		},
		{
			name: "one Sentinel is ahead, and its master is lost to the others, who call it down", before: underA(), master: nodeA,
			sentinels: views(see(nodeA, "master", nodeC, "down", nodeB).in(1), see(nodeA, "master", nodeC, "down", nodeB).in(1), see(nodeB, "master", nodeA, nodeC).in(2)),
			servers:   map[string]NodeStatus{nodeA: masterOf(historyA, "")}, required: []string{nodeB, nodeC},
		},
		{
			name: "sentinel-kill: two are left", before: underA(), master: nodeA,
			sentinels: views(well, well, well.aged(time.Hour)), required: []string{nodeB, nodeC},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := Observations{Now: noon(), Sentinels: row.sentinels, Nodes: row.servers, Configured: max(row.asked, 3), Lease: time.Second}
			if row.asked > 0 {
				h.Configured = row.asked
			}
			got := Decide(h, row.before)
			if got.Addr != row.master {
				t.Fatalf("master %q, want %q", got.Addr, row.master)
			}
			rule := got.Rule(noon())
			if !slices.Equal(rule.required, row.required) || !slices.Equal(rule.excused, row.excused) {
				t.Errorf("required %v and excused %v, want %v and %v", rule.required, rule.excused, row.required, row.excused)
			}
		})
	}
}

func TestReadReplicas(t *testing.T) {
	t.Parallel()
	doubt := see(nodeA, "master,s_down,o_down", nodeB, nodeC)
	rows := []struct {
		name      string
		sentinels map[string]SentinelView
		change    func(*NodeStatus)
		want      bool
	}{
		{name: "the master is down, a majority still names it", want: true},
		{name: "one Sentinel is dead", sentinels: views(doubt, doubt, doubt.aged(time.Minute)), want: true},
		{name: "no majority names it any more", sentinels: views(doubt, see(nodeB, "master", nodeA, nodeC), doubt.aged(2*time.Second))},
		{name: "their word is older than the lease", sentinels: views(doubt.aged(1100*time.Millisecond), doubt.aged(1100*time.Millisecond), doubt)},
		{name: "a majority calls it down", sentinels: views(see(nodeA, "master,s_down", nodeC, "down", nodeB), see(nodeA, "master,s_down", nodeC, "down", nodeB), doubt)},
		{name: "it never had all that the master had", change: func(r *NodeStatus) { r.caughtUp = false }},
		{name: "it was away a moment ago", change: func(r *NodeStatus) { r.steadySince = ago(time.Second) }},
		{name: "it is silent now", change: func(r *NodeStatus) { r.AskedAt = ago(600 * time.Millisecond) }},
		{name: "it follows another", change: func(r *NodeStatus) { r.Upstream = nodeC }},
		{name: "it is a master itself", change: func(r *NodeStatus) { r.Master = true }},
		{name: "it holds another history", change: func(r *NodeStatus) { r.ReplID = historyB }},
		{name: "its link is down, as it must be when the master is dead", change: func(r *NodeStatus) { r.LinkUp = false }, want: true},
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
			h := Observations{
				Now: noon(), Sentinels: row.sentinels, Configured: 3, Lease: time.Second,
				Nodes: map[string]NodeStatus{nodeB: replica},
			}
			got := Decide(h, stale())
			if may := got.MayReadReplica(nodeB, noon(), time.Second); may != row.want {
				t.Errorf("may stand in: %v, want %v", may, row.want)
			}
			if got.MayReadReplica(nodeC, noon(), time.Second) {
				t.Error("a replica that was never Observations may stand in")
			}
			if got.MayReadReplica(nodeB, noon().Add(time.Second), time.Second) {
				t.Error("it still may when the Sentinels' word is old")
			}
		})
	}
}

func TestAReplicaProvesItselfWithoutAGap(t *testing.T) {
	t.Parallel()
	master := NodeStatus{AskedAt: ago(300 * time.Millisecond), Master: true, ReplID: historyA, Offset: 500}
	first := NodeStatus{AskedAt: ago(200 * time.Millisecond), ReplID: historyA, Upstream: nodeA, Offset: 500}.after(NodeStatus{}, master)
	if !first.caughtUp || !first.steadySince.Equal(first.AskedAt) {
		t.Fatalf("a replica with all that its master had: %+v", first)
	}
	behind := NodeStatus{AskedAt: ago(100 * time.Millisecond), ReplID: historyA, Upstream: nodeA, Offset: 400}
	if next := behind.after(first, NodeStatus{AskedAt: ago(150 * time.Millisecond), Master: true, ReplID: historyA, Offset: 600}); !next.caughtUp || !next.steadySince.Equal(first.AskedAt) {
		t.Errorf("it stays proven while it is there without a gap: %+v", next)
	}
	if next := behind.after(NodeStatus{AskedAt: ago(time.Second), ReplID: historyA, Upstream: nodeA, caughtUp: true}, master); next.caughtUp || !next.steadySince.Equal(behind.AskedAt) {
		t.Errorf("a gap ends the proof: %+v", next)
	}
	if early := (NodeStatus{AskedAt: ago(400 * time.Millisecond), ReplID: historyA, Upstream: nodeA, Offset: 500}).after(NodeStatus{}, master); early.caughtUp {
		t.Error("what it had before the master was asked proves nothing")
	}
	if next := behind.after(NodeStatus{AskedAt: ago(200 * time.Millisecond), ReplID: historyA, Upstream: nodeC, caughtUp: true}, master); next.caughtUp {
		t.Error("another master ends the proof")
	}
}

func TestTheLease(t *testing.T) {
	t.Parallel()
	sentinels := views(see(nodeA, "master"), see(nodeA, "master").aged(300*time.Millisecond), see(nodeA, "master").aged(600*time.Millisecond))
	a := Decide(Observations{Now: noon(), Sentinels: sentinels, Configured: 3, Lease: time.Second}, Agreement{})
	if want := ago(300 * time.Millisecond); !a.confirmed.Equal(want) {
		t.Fatalf("confirmed %v: the majority is complete with its second word, %v", a.confirmed, want)
	}
	if !a.Leased(noon().Add(699*time.Millisecond), time.Second) || a.Leased(noon().Add(700*time.Millisecond), time.Second) {
		t.Error("the lease counts from when the majority was asked")
	}
}
