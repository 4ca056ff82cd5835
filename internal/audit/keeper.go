package audit

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// maxBatch bounds the entries that leave together.
const maxBatch = 256

// keeper appends entries to the log in the store, in the order in which they were emitted. There is one in a process.
type keeper struct {
	*Log
	hasher
	text   string             // the last known head in the store
	at     head               // the same, parsed
	place  string             // of the last entry that is known to be stored
	known  bool               // whether the head was read at all
	unsure []store.AuditEntry // of an append whose outcome is unknown
}

func newKeeper(l *Log) *keeper { return &keeper{Log: l, hasher: hasher{l.keys}, at: beginning()} }

// run stores entries until the queue is closed.
func (k *keeper) run() {
	for first := range k.bodies {
		batch, waiting := k.gather(first)
		if n := k.unkept.Swap(0); n > 0 {
			batch = append(batch, k.encode(k.drop("log", n)))
		}
		if len(batch) > 0 {
			k.keep(batch)
		}
		for _, passed := range waiting {
			close(passed)
		}
	}
}

// gather collects entries that can be stored together, for a moment. A Sync ends it.
func (k *keeper) gather(first body) (batch [][]byte, waiting []chan struct{}) {
	linger := time.NewTimer(k.o.Linger)
	defer linger.Stop()
	for b, more := first, true; more; {
		if b.passed != nil {
			return batch, append(waiting, b.passed)
		}
		if batch = append(batch, b.json); len(batch) == maxBatch {
			return batch, nil
		}
		select {
		case b, more = <-k.bodies:
		case <-linger.C:
			return batch, nil
		}
	}
	return batch, nil
}

// keep appends a batch, however long the store does not answer.
func (k *keeper) keep(batch [][]byte) {
	pause := 50 * time.Millisecond
	for failed := false; ; failed = true {
		err := k.try(batch)
		switch {
		case err == nil && failed:
			k.o.Log.Info("the audit log is written again")
			return
		case err == nil:
			return
		case !failed:
			k.o.Log.Warn("the audit log cannot be written; entries wait", "error", err.Error())
		}
		select {
		case <-time.After(pause):
		case <-k.patient.Done():
			k.drop("log", int64(len(batch)))
			return
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// try appends a batch, again after each conflict with another server.
func (k *keeper) try(batch [][]byte) error {
	ctx := k.patient
	if !k.known {
		if _, err := k.look(ctx); err != nil {
			return err
		}
	}
	for {
		entries, end := k.chain(k.at, batch, k.o.Keep)
		text := k.hasher.text(end)
		place, err := k.o.Store.Append(ctx, store.AuditAppend{Was: k.text, Head: text, Entries: entries, Keep: k.o.Keep})
		if err == nil {
			k.text, k.at, k.place, k.unsure = text, end, place, nil
			k.newest.Store(&end)
			return nil
		}
		if !errors.Is(err, store.Conflict) {
			k.unsure = entries // they may be stored
			return err
		}
		if done, err := k.look(ctx); done || err != nil {
			return err
		}
	}
}

// look reads the head again, and reports whether the batch of an attempt with an unknown outcome is stored. A head that
// is not sealed, or is earlier than the known one, was tampered with, or the store lost entries: look emits that as a
// fact, and the log continues from the head that it found.
func (k *keeper) look(ctx context.Context) (done bool, err error) {
	end, err := k.o.Store.End(ctx)
	if err != nil {
		return false, err
	}
	if done, err = k.isIn(ctx); err != nil {
		return false, err
	}
	at, sealed := k.parse(end.Head)
	if !sealed || at.seq < k.at.seq {
		fact := event.AuditBroken{Known: k.at.seq, Found: at.seq}
		k.o.Own.Emit(ctx, fact)
		k.o.Log.Error("the audit log in Redis does not end where it must", "known", fact.Known, "found", fact.Found)
		k.Emit(ctx, fact)
	}
	k.text, k.at, k.place, k.known, k.unsure = end.Head, at, end.Last, true, nil
	k.newest.Store(&at) // also after a break: the entry audit.broken shows that from now on
	return done, nil
}

// isIn reports whether the entries of the last attempt are stored in their places.
func (k *keeper) isIn(ctx context.Context) (bool, error) {
	if len(k.unsure) == 0 {
		return false, nil
	}
	next, err := k.o.Store.Read(ctx, store.AuditRange{After: k.place, Limit: 1})
	if err != nil || len(next) == 0 {
		return false, err
	}
	first, last := k.unsure[0].Seq, k.unsure[len(k.unsure)-1].Seq
	switch seq := next[0].Seq; {
	case seq < first:
		return false, nil
	case seq > last:
		return true, nil // they were stored, and dropped again as the oldest
	default:
		return next[0].Hash == k.unsure[seq-first].Hash, nil
	}
}
