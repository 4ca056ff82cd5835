package quorum

import (
	"fmt"
	"testing"
)

func TestLossDetector(t *testing.T) {
	t.Parallel()
	continued := func(second int64) NodeStatus {
		return NodeStatus{Master: true, ReplID: historyB, ReplID2: historyA, SecondOffset: second}
	}
	rows := []struct {
		name     string
		seen     NodeStatus
		fence    int64
		complete bool
		lost     uint64
	}{
		{"the same history", NodeStatus{Master: true, ReplID: historyA}, 7, true, 0},
		{"it continued behind all that was acknowledged", continued(101), 7, true, 0},
		{"it continued before the last byte that was acknowledged", continued(100), 7, false, 1},
		{"a history of its own proves nothing", NodeStatus{Master: true, ReplID: historyB}, 7, false, 0},
		{"a batch is missing", NodeStatus{Master: true, ReplID: historyB}, 6, false, 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := &LossDetector{}
			l.Acknowledged(historyA, 100, 7)
			if got, _ := l.Complete(row.seen, row.fence); got != row.complete || l.Losses() != row.lost {
				t.Errorf("complete %v, lost %d; want %v, %d", got, l.Losses(), row.complete, row.lost)
			}
			next := NodeStatus{Master: true, ReplID: "c", ReplID2: row.seen.ReplID, SecondOffset: 150}
			if row.lost > 0 && (complete(l, row.seen, row.fence) || complete(l, next, row.fence)) {
				t.Error("the journal is forgotten before what it made good is sure to last")
			}
			l.Acknowledged("c", 200, row.fence+1)
			if !complete(l, next, row.fence+1) {
				t.Error("a master is not believed after it acknowledged a batch")
			}
			if l.Losses() != row.lost {
				t.Errorf("counted %d times", l.Losses())
			}
		})
	}
	if !complete(&LossDetector{}, continued(1), 0) {
		t.Error("a daemon that acknowledged nothing lost something")
	}
}

// TestLossDetectorFollowsTheHistories sees two masters come one after the other, and nothing
// acknowledged in between: the second continues the first, which had everything.
func TestLossDetectorFollowsTheHistories(t *testing.T) {
	t.Parallel()
	third := func(second int64) NodeStatus {
		return NodeStatus{Master: true, ReplID: "c", ReplID2: historyB, SecondOffset: second}
	}
	for _, row := range []struct {
		second   int64
		complete bool
	}{{101, true}, {100, false}} {
		t.Run(fmt.Sprint("offset ", row.second), func(t *testing.T) {
			l := &LossDetector{}
			l.Acknowledged(historyA, 100, 7)
			if !complete(l, NodeStatus{Master: true, ReplID: historyB, ReplID2: historyA, SecondOffset: 150}, 7) {
				t.Fatal("the first master has everything")
			}
			if got, _ := l.Complete(third(row.second), 7); got != row.complete {
				t.Errorf("the second continued the first at %d: complete %v, want %v", row.second, got, row.complete)
			}
		})
	}
}

func complete(d *LossDetector, m NodeStatus, fence int64) bool {
	all, _ := d.Complete(m, fence)
	return all
}
