package quorum

import (
	"reflect"
	"testing"
)

func TestAcknowledgement(t *testing.T) {
	t.Parallel()
	both := Rule{required: []string{nodeB, nodeC}, known: []string{nodeB, nodeC}}
	rows := []struct {
		name    string
		rule    Rule
		end     NodeStatus
		reached int64 // 0 means refused
	}{
		{"both have it", both, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120, nodeC: 110}}, 110},
		{"no longer the master", both, NodeStatus{Replicas: map[string]int64{nodeB: 120, nodeC: 110}}, 0},
		{"one is behind", both, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120, nodeC: 99}}, 0},
		{"one is gone", both, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120}}, 0},
		{"another stands in for the one that is gone", both, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120, nodeA: 120}}, 0},
		{"another known one stands in for the required one that is gone", Rule{required: []string{nodeB}, known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeC: 120}}, 0},
		{"nobody is there", Rule{known: []string{nodeB}}, NodeStatus{Master: true}, 0},
		{
			"replica-pause: down, still listed, and behind", Rule{required: []string{nodeC}, excused: []string{nodeB}, known: both.known},
			NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 10, nodeC: 110}}, 110,
		},
		{"one more is online and has it", Rule{required: []string{nodeB}, known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120, nodeC: 110}}, 110},
		{"one more is online and is behind", Rule{required: []string{nodeB}, known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 120, nodeC: 10}}, 0},
		{"only a stranger has it", Rule{known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeA: 120}}, 0},
		{"none is required by name, and one has it", Rule{excused: both.known, known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 100, nodeC: 5}}, 100},
		{"none is required by name, and none has it", Rule{excused: both.known, known: both.known}, NodeStatus{Master: true, Replicas: map[string]int64{nodeB: 5}}, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			reached, err := row.rule.Acknowledge(row.end, 100)
			if (err == nil) != (row.reached > 0) || reached != row.reached {
				t.Errorf("reached %d, %v; want %d", reached, err, row.reached)
			}
		})
	}
	if n := (Rule{required: []string{nodeC}, excused: []string{nodeB}}).WaitFor(NodeStatus{Replicas: map[string]int64{nodeA: 1, nodeB: 1}}); n != 2 {
		t.Errorf("isr4: WAIT %d; the stranger that ROLE listed is waited for, the excused one is not", n)
	}
}

func TestReadingRole(t *testing.T) {
	t.Parallel()
	r, err := ParseRole([]any{"master", int64(70), []any{[]any{"10.0.0.2", "6379", "60"}}})
	if err != nil || !r.Master || r.Offset != 70 || r.Replicas[nodeB] != 60 {
		t.Errorf("%+v, %v", r, err)
	}
	told := "# Replication\r\nrole:master\r\nconnected_slaves:2\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=60,lag=0\r\n" +
		"slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0\r\nmaster_repl_offset:70\r\n"
	if byInfo, err := ParseRole(told); err != nil || !reflect.DeepEqual(byInfo, r) {
		t.Errorf("INFO says %+v, ROLE %+v, %v", byInfo, r, err)
	}
	if r, err = ParseRole([]any{"slave", "10.0.0.1", int64(6379), "connected", int64(70)}); err != nil || r.Master {
		t.Errorf("%+v, %v", r, err)
	}
	for _, nonsense := range []any{nil, []any{}, []any{"master", int64(1), []any{"x"}}, []any{"master", int64(1), []any{[]any{"h", "1", "x"}}}} {
		if r, err := ParseRole(nonsense); err == nil {
			t.Errorf("%v is read as %+v", nonsense, r)
		}
	}
}
