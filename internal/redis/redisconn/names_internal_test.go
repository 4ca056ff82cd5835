package redisconn

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A replica that hears its master and is not listed by it, by name or by process, is named.
func TestF_P19_AnUnrecognisedReplicaIsNamed(t *testing.T) {
	t.Parallel()
	up := func(addr, id string) replica { return replica{addr: addr, runID: id, linked: true} }
	for name, test := range map[string]struct {
		named  []replica
		listed map[string]string
		wrong  string // the replica that is named; "" for none
	}{
		"same addresses":    {[]replica{up("b:1", "B"), up("c:1", "C")}, map[string]string{"b:1": "B", "c:1": ""}, ""},
		"same process":      {[]replica{up("b:1", "B"), up("10.0.0.2:1", "B")}, map[string]string{"10.0.0.2:1": "B"}, ""},
		"does not hear it":  {[]replica{{addr: "b:1", runID: "B"}}, map[string]string{}, ""},
		"does not answer":   {[]replica{{addr: "b:1"}}, map[string]string{"10.0.0.2:1": ""}, ""},
		"another process":   {[]replica{up("b:1", "B")}, map[string]string{"10.0.0.2:1": "X"}, "b:1"},
		"cannot be reached": {[]replica{up("b:1", "B")}, map[string]string{"192.0.2.7:1": ""}, "b:1"},
		"no run id":         {[]replica{up("b:1", "")}, map[string]string{"192.0.2.7:1": ""}, "b:1"},
	} {
		err := unrecognised(test.named, test.listed)
		if (err == nil) != (test.wrong == "") || err != nil && (!errors.Is(err, ErrNames) || !strings.Contains(err.Error(), "call it "+test.wrong)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two addresses of one process are one node, and stay it for a while when it no longer answers;
// another process at one of them is another node at once.
func TestF_P19_AddressesOfOneProcessAreOneNode(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(ago time.Duration, id string) testimony { return testimony{at: now.Add(-ago), runID: id} }
	before := agreement{master: "m:1", known: []string{"b:1", "c:1"}}
	h := heard{now: now, servers: map[string]testimony{"m:1": at(0, "M"), "b:1": at(0, "B"), "10.0.0.2:1": at(0, "B"), "c:1": at(0, "")}}
	same := h.together(before)
	if same.canon("10.0.0.2:1") != "b:1" || len(same) != 1 {
		t.Fatalf("%v", same)
	}
	n := need{required: []string{"b:1"}, known: []string{"b:1"}, same: same}
	if _, err := n.judge(role{master: true, replicas: map[string]int64{"10.0.0.2:1": 7}}, 7); err != nil {
		t.Errorf("not acknowledged: %v", err)
	}
	if _, err := n.judge(role{master: true, replicas: map[string]int64{"10.0.0.2:1": 6}}, 7); err == nil {
		t.Error("acknowledged although it is behind")
	}
	before.same = same
	for name, test := range map[string]struct {
		servers map[string]testimony
		later   time.Duration
		want    int
	}{
		"both silent":     {map[string]testimony{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "B")}, 5 * time.Second, 1},
		"too long":        {map[string]testimony{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "B")}, sticky, 0},
		"another process": {map[string]testimony{"b:1": at(0, "B"), "10.0.0.2:1": at(0, "Z")}, 0, 0},
	} {
		h := heard{now: now.Add(test.later), servers: test.servers}
		if got := h.together(before); len(got) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A node is down only when it is at every address.
func TestF_P19_ANodeIsUpWhenOneOfItsAddressesIs(t *testing.T) {
	t.Parallel()
	same := aliases{"10.0.0.2:1": {of: "b:1"}}
	for _, test := range []struct{ name, addr, want bool }{{true, true, true}, {true, false, false}, {false, true, false}, {false, false, false}} {
		h := heard{sentinels: map[string]sighting{"s": {master: "m:1", replicas: map[string]bool{"b:1": test.name, "10.0.0.2:1": test.addr}}}}
		if got := h.oneName(same).sentinels["s"].replicas; len(got) != 1 || got["b:1"] != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
