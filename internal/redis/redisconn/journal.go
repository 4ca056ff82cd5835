package redisconn

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// The bounds of the journal.
const (
	journalPeriod = time.Minute
	journalLimit  = 1 << 15 // the oldest goes first
)

// Redo tells how to make sure, on another server, of what a run of a script established: a call
// that may be repeated and that does nothing where it is so already. nil means that there is
// nothing to make sure of.
type Redo func(call Call, answer any) *Redone

// Redone is such a call.
type Redone struct {
	Script *Script
	Call
}

// journal remembers the acknowledged negative facts of the last minute: that something was revoked,
// ended or spent. A new master that may not have them is told before it serves. It is safe for
// concurrent use.
type journal struct {
	now func() time.Time

	mu      sync.Mutex
	entries []entry
}

type entry struct {
	at   time.Time
	redo *Redone
}

func newJournal(now func() time.Time) *journal { return &journal{now: now} }

// add takes in an acknowledged write, if it is one that must not be undone.
func (j *journal) add(r *request) {
	if r.script == nil || r.script.redo == nil {
		return
	}
	redo := r.script.redo(r.call, r.answer())
	if redo == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) >= 2*journalLimit {
		j.entries = append(make([]entry, 0, 2*journalLimit), j.recent()...)
	}
	j.entries = append(j.entries, entry{j.now(), redo})
}

// recent are the entries that count, of which there are at most so many.
func (j *journal) recent() []entry {
	entries := j.entries[max(0, len(j.entries)-journalLimit):]
	for len(entries) > 0 && j.now().Sub(entries[0].at) > journalPeriod {
		entries = entries[1:]
	}
	return entries
}

// redo applies everything again, in its order.
func (j *journal) redo(to *redis.Client, limited func() (context.Context, context.CancelFunc)) error {
	j.mu.Lock()
	entries := j.recent()
	j.mu.Unlock()
	for start := 0; start < len(entries); start += maxBatch {
		ctx, cancel := limited()
		pipe := to.Pipeline()
		for _, e := range entries[start:min(start+maxBatch, len(entries))] {
			words := e.redo.words()
			_ = pipe.Process(ctx, &command{Cmder: redis.NewCmd(ctx, words...), once: true})
		}
		_, err := pipe.Exec(ctx)
		cancel()
		if err != nil && ResultOf(err) != ResultNil {
			return err
		}
	}
	return nil
}

func (r *Redone) words() []any { return r.Script.words(r.Call) }
