package redisconn

import (
	"log/slog"
	"testing"
)

func TestLossDetector(t *testing.T) {
	t.Parallel()
	continued := func(second int64) testimony {
		return testimony{master: true, replid: historyB, replid2: historyA, second: second}
	}
	rows := []struct {
		name     string
		seen     testimony
		fence    int64
		complete bool
		lost     uint64
	}{
		{"the same history", testimony{master: true, replid: historyA}, 7, true, 0},
		{"it continued behind all that was acknowledged", continued(101), 7, true, 0},
		{"it continued before the last byte that was acknowledged", continued(100), 7, false, 1},
		{"a history of its own proves nothing", testimony{master: true, replid: historyB}, 7, false, 0},
		{"a batch is missing", testimony{master: true, replid: historyB}, 6, false, 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := &lossDetector{log: silentLog()}
			l.acknowledged(historyA, 100, 7)
			if got := l.nothingMissing(t.Context(), row.seen, row.fence); got != row.complete || l.count() != row.lost {
				t.Errorf("complete %v, lost %d; want %v, %d", got, l.count(), row.complete, row.lost)
			}
			next := testimony{master: true, replid: "c", replid2: row.seen.replid, second: 150}
			if row.lost > 0 && (l.nothingMissing(t.Context(), row.seen, row.fence) || l.nothingMissing(t.Context(), next, row.fence)) {
				t.Error("the journal is forgotten before what it made good is sure to last")
			}
			l.acknowledged("c", 200, row.fence+1)
			if !l.nothingMissing(t.Context(), next, row.fence+1) {
				t.Error("a master is not believed after it acknowledged a batch")
			}
			if l.count() != row.lost {
				t.Errorf("counted %d times", l.count())
			}
		})
	}
	if !(&lossDetector{log: silentLog()}).nothingMissing(t.Context(), continued(1), 0) {
		t.Error("a daemon that acknowledged nothing lost something")
	}
}

// TestLossDetectorFollowsTheHistories sees two masters come one after the other, and nothing
// acknowledged in between: the second continues the first, which had everything.
func TestLossDetectorFollowsTheHistories(t *testing.T) {
	t.Parallel()
	third := func(second int64) testimony {
		return testimony{master: true, replid: "c", replid2: historyB, second: second}
	}
	for _, row := range []struct {
		second   int64
		complete bool
	}{{101, true}, {100, false}} {
		l := &lossDetector{log: silentLog()}
		l.acknowledged(historyA, 100, 7)
		if !l.nothingMissing(t.Context(), testimony{master: true, replid: historyB, replid2: historyA, second: 150}, 7) {
			t.Fatal("the first master has everything")
		}
		if got := l.nothingMissing(t.Context(), third(row.second), 7); got != row.complete {
			t.Errorf("the second continued the first at %d: complete %v, want %v", row.second, got, row.complete)
		}
	}
}

func silentLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
