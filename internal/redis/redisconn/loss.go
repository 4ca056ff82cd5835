package redisconn

import (
	"context"
	"log/slog"
	"sync"
)

// lossDetector compares what was acknowledged with what a new master has. It is safe for
// concurrent use.
type lossDetector struct {
	log *slog.Logger

	mu     sync.Mutex
	replid string // a history that has every acknowledged write
	offset int64  // how far into it the last of them is at most
	fence  int64  // the number of the last acknowledged batch
	lost   uint64
}

// nowhere stands for a history that no master continues.
const nowhere = "nowhere"

// acknowledged takes note of a batch.
func (l *lossDetector) acknowledged(replid string, offset, fence int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.replid != replid {
		l.replid, l.offset = replid, 0
	}
	l.offset, l.fence = max(l.offset, offset), max(l.fence, fence)
}

// nothingMissing tells whether a master provably has every write that this daemon acknowledged.
// When it provably has not, that is said loudly and counted, once; but no master is believed to be
// complete any more until the next batch is acknowledged, and with it what was made good before it.
func (l *lossDetector) nothingMissing(ctx context.Context, m testimony, fence int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := fence < l.fence
	proven := l.replid == "" || m.replid == l.replid
	if m.replid2 == l.replid && m.second > 0 && l.replid != "" {
		lost = lost || m.second <= l.offset
		proven = true
		if !lost {
			l.replid = m.replid // offsets go on, so that the master after this one is proven by it
		}
	}
	if lost {
		l.lost++
		l.log.ErrorContext(ctx, "acknowledged writes were lost",
			"acknowledged_offset", l.offset, "kept_offset", m.second-1, "acknowledged_batch", l.fence, "kept_batch", fence)
		l.replid, l.offset, l.fence = nowhere, 0, fence
	}
	return proven && !lost
}

func (l *lossDetector) count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}
