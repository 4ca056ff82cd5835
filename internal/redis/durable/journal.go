package durable

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// The bounds of the journal.
const (
	journalPeriod = time.Minute
	journalLimit  = 1 << 15 // the oldest goes first
	redoBatch     = 128     // how many are sent again in one pipeline
)

// journal keeps the acknowledged negative facts of the last minute: that something was revoked, ended or spent. They are
// sent again to a new master that may not have them, before it serves. It is safe for concurrent use.
type journal struct {
	now func() time.Time

	mu      sync.Mutex
	entries []entry
}

type entry struct {
	at   time.Time
	redo *pipeline.Redone
}

func newJournal(now func() time.Time) *journal { return &journal{now: now} }

// add records an acknowledged write that must not be undone; others are ignored.
func (j *journal) add(r *pipeline.Request) {
	redo := r.Redo()
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

// recent returns the entries that still count, at most journalLimit of them.
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
	for start := 0; start < len(entries); start += redoBatch {
		ctx, cancel := limited()
		pipe := to.Pipeline()
		for _, e := range entries[start:min(start+redoBatch, len(entries))] {
			_ = pipe.Process(ctx, e.redo.Command(ctx))
		}
		_, err := pipe.Exec(ctx)
		cancel()
		if err != nil && outcome.Of(err) != outcome.Nil {
			return err
		}
	}
	return nil
}
