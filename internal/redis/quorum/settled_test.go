package quorum

import (
	"testing"
	"time"
)

// A new master is written to at once only when nobody can still hold a lease of another one (I8).
func TestSettled(t *testing.T) {
	t.Parallel()
	const long = time.Second + maxClockStep
	named := func(master string, by time.Duration) SentinelView {
		v := see(master, "master", nodeB, nodeC)
		v.NamedFor = by
		return v
	}
	rows := []struct {
		name      string
		sentinels map[string]SentinelView
		want      bool
	}{
		{"a majority named it for long", views(named(nodeA, long), named(nodeA, time.Hour), named(nodeA, 0)), true},
		{"one Sentinel is no majority", views(named(nodeA, time.Hour), named(nodeA, long-1), named(nodeA, 0)), false},
		{"a failover was a moment ago", views(named(nodeA, 2*time.Second), named(nodeA, 2*time.Second), named(nodeA, 2*time.Second)), false},
		{"Sentinels that do not report it", views(see(nodeA, "master"), see(nodeA, "master"), see(nodeA, "master")), false},
		{"an old view", views(named(nodeA, long).aged(time.Second), named(nodeA, long).aged(time.Second), named(nodeA, 0)), false},
		{"another master was named for long", views(named(nodeB, long), named(nodeA, 0), named(nodeA, 0)), false},
	}
	for _, row := range rows {
		got := Decide(Observations{Now: noon(), Sentinels: row.sentinels, Configured: 3, Lease: time.Second}, Agreement{})
		if got.Settled != row.want {
			t.Errorf("%s: settled %v", row.name, got.Settled)
		}
	}
}
