package quorum

import "sync"

// LossDetector compares what was acknowledged with what a new master has. It is safe for concurrent
// use.
type LossDetector struct {
	mu     sync.Mutex
	replid string // a history that has every acknowledged write
	offset int64  // how far into it the last of them is at most
	fence  int64  // the number of the last acknowledged batch
	losses uint64
}

// Loss describes acknowledged writes that a master does not have.
type Loss struct {
	AcknowledgedOffset, KeptOffset int64
	AcknowledgedBatch, KeptBatch   int64
}

// noHistory is a replid that no master continues.
const noHistory = "none"

// Acknowledged records a batch.
func (d *LossDetector) Acknowledged(replid string, offset, fence int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.replid != replid {
		d.replid, d.offset = replid, 0
	}
	d.offset, d.fence = max(d.offset, offset), max(d.fence, fence)
}

// Complete reports whether a master provably has every write that this daemon acknowledged. A proven
// loss is returned once, by the call that finds it. After a loss no master is believed to be complete
// until the next batch is acknowledged, which also covers the facts that were applied again before it.
func (d *LossDetector) Complete(m NodeStatus, fence int64) (bool, *Loss) {
	d.mu.Lock()
	defer d.mu.Unlock()
	lost := fence < d.fence
	proven := d.replid == "" || m.ReplID == d.replid
	if m.ReplID2 == d.replid && m.SecondOffset > 0 && d.replid != "" {
		lost = lost || m.SecondOffset <= d.offset
		proven = true
		if !lost {
			d.replid = m.ReplID // offsets continue, so that this history proves the next master
		}
	}
	if !lost {
		return proven, nil
	}
	d.losses++
	loss := &Loss{
		AcknowledgedOffset: d.offset, KeptOffset: m.SecondOffset - 1,
		AcknowledgedBatch: d.fence, KeptBatch: fence,
	}
	d.replid, d.offset, d.fence = noHistory, 0, fence
	return false, loss
}

// Losses returns how often a loss was found.
func (d *LossDetector) Losses() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.losses
}
