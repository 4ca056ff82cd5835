package redisconn

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// How health finds out whether changes are accepted.
const (
	refusedFor = 3 * time.Second // a refusal counts for this long, although another kind of change was accepted since
	beatEvery  = 5 * time.Second // without any other change, one is tried this often; at every look while they fail
	beatKept   = time.Minute
	beatKeys   = 64 // in a cluster they lie on all servers
)

// writing holds the outcome of the last changes. That Redis answers PING or INFO shows nothing about them: it may be
// unable to save, full, read-only, or without a replica. It is safe for concurrent use.
type writing struct {
	now func() time.Time

	mu      sync.Mutex
	done    time.Time // a change was acknowledged
	refused time.Time // a change was not
	failing bool      // the last one was not
	why     error
	turn    int
}

// note records the outcome of a change. Outcomes that show nothing about Redis are ignored: a caller that disconnected,
// and an error of the script itself.
func (w *writing) note(r *pipeline.Request, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch result := outcome.Of(err); {
	case err == nil || result == outcome.Nil:
		w.done, w.failing = w.now(), false
	case r.Context().Err() != nil, errors.Is(err, outcome.ErrClosed), result == outcome.Failed, result == outcome.NoScript:
	default:
		w.refused, w.failing, w.why = w.now(), true, err
	}
}

// status returns why changes are refused now, nil when they are accepted.
func (w *writing) status() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused.IsZero() || !w.failing && w.now().Sub(w.refused) >= refusedFor {
		return nil
	}
	return w.why
}

// due returns the number of the next trial, when one is due.
func (w *writing) due() (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.failing && w.now().Sub(w.done) < beatEvery {
		return 0, false
	}
	w.turn = (w.turn + 1) % beatKeys
	return w.turn, true
}

// TryWriting makes a change that nobody needs when none was seen for some time, or the last ones
// failed.
func (db *DB) TryWriting(ctx context.Context) {
	if db.opt.Mode == Embedded || db.opt.Observer || db.data.Lost() {
		return
	}
	if turn, due := db.writing.due(); due {
		_, _ = db.Write(ctx, "health.write", db.claims.beat, []string{db.keys.beat + strconv.Itoa(turn)}, beatKept.Milliseconds()) // status returns the outcome
	}
}
