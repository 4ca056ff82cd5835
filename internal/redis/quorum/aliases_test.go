package quorum

import (
	"testing"
	"time"
)

// Two addresses of one process are one node, and stay it for a while when it no longer answers;
// another process at one of them is another node at once.
func TestF_P19_AddressesOfOneProcessAreOneNode(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(ago time.Duration, id string) NodeStatus { return NodeStatus{AskedAt: now.Add(-ago), RunID: id} }
	before := Agreement{Lineage: Lineage{Addr: "m:1"}, Known: []string{"b:1", "c:1"}}
	h := Observations{Now: now, Nodes: map[string]NodeStatus{"m:1": at(0, "M"), "b:1": at(0, "B"), "10.0.0.2:1": at(0, "B"), "c:1": at(0, "")}}
	same := h.findAliases(before)
	if same.of("10.0.0.2:1") != "b:1" || len(same) != 1 {
		t.Fatalf("%v", same)
	}
	r := Rule{required: []string{"b:1"}, known: []string{"b:1"}, same: same}
	if _, err := r.Acknowledge(NodeStatus{Master: true, Replicas: map[string]int64{"10.0.0.2:1": 7}}, 7); err != nil {
		t.Errorf("not acknowledged: %v", err)
	}
	if _, err := r.Acknowledge(NodeStatus{Master: true, Replicas: map[string]int64{"10.0.0.2:1": 6}}, 7); err == nil {
		t.Error("acknowledged although it is behind")
	}
	before.same = same
	for name, test := range map[string]struct {
		servers map[string]NodeStatus
		later   time.Duration
		want    int
	}{
		"both silent":     {map[string]NodeStatus{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "B")}, 5 * time.Second, 1},
		"too long":        {map[string]NodeStatus{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "B")}, aliasTTL, 0},
		"another process": {map[string]NodeStatus{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "Z")}, 0, 0},
	} {
		h := Observations{Now: now.Add(test.later), Nodes: test.servers}
		if got := h.findAliases(before); len(got) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A node is down only when it is at every address.
func TestF_P19_ANodeIsUpWhenOneOfItsAddressesIs(t *testing.T) {
	t.Parallel()
	same := aliases{"10.0.0.2:1": {of: "b:1"}}
	for _, test := range []struct{ name, addr, want bool }{{true, true, true}, {true, false, false}, {false, true, false}, {false, false, false}} {
		h := Observations{Sentinels: map[string]SentinelView{"s": {Master: "m:1", Replicas: map[string]bool{"b:1": test.name, "10.0.0.2:1": test.addr}}}}
		if got := h.canonical(same).Sentinels["s"].Replicas; len(got) != 1 || got["b:1"] != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
