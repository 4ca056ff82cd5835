package audit

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Keys returns the keys of the hashes. A key must be kept for as long as entries with its hashes are verified.
type Keys interface {
	Pepper() (id string, key oauth.MACKey)
	PepperOf(id string) oauth.MACKey
}

// Options configure a Log. Now is required.
type Options struct {
	Store   store.Audit // nil: the log is not kept in the store
	Keep    int         // entries in the store; beyond it the oldest are dropped. 0: the log is not kept in the store.
	Lines   io.Writer   // gets every fact as a line of JSON; may be nil
	Routine bool        // record also facts that change nothing, such as introspections

	Own event.Sink   // gets the facts of the log itself, such as a drop; may be nil
	Log *slog.Logger // gets the errors of writing; may be nil
	Now func() time.Time

	Queue   int           // facts that may wait; 0 means 8192
	Linger  time.Duration // in which an entry waits for others, to be stored with them; 0 means 20 ms
	Stretch int           // entries that one Verify reads at most; 0 means 5,000
}

func (o Options) withDefaults() Options {
	if o.Queue <= 0 {
		o.Queue = 8192
	}
	if o.Linger <= 0 {
		o.Linger = 20 * time.Millisecond
	}
	if o.Stretch <= 0 {
		o.Stretch = 5_000
	}
	if o.Own == nil {
		o.Own = event.Sinks{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lines == nil {
		o.Lines = io.Discard
	}
	if o.Store == nil {
		o.Keep = 0
	}
	return o
}

// Log is the audit log of one server process. It is safe for concurrent use.
type Log struct {
	o      Options
	writer string

	queue   chan queued
	bodies  chan body // encoded, to be stored
	lost    atomic.Int64
	unkept  atomic.Int64
	dropped atomic.Int64 // lost and unkept, since the start

	// newest is the newest head that this process wrote or read. The log in the store must never end before it.
	newest atomic.Pointer[head]

	shapes  sync.Map // reflect.Type of an event → *shape
	keys    Keys
	running sync.WaitGroup
	begin   sync.Once
	closing chan struct{}   // closed when Stop begins: waiting facts are written, then the writers end
	patient context.Context // ends when Stop may not wait any longer
	giveUp  context.CancelFunc
}

// body is an encoded fact, or a Sync that waits until everything before it is in the store.
type body struct {
	json   []byte
	passed chan struct{}
}

// New returns a Log that queues facts until Start.
func New(o Options) *Log {
	o = o.withDefaults()
	l := &Log{
		o: o, writer: secret.NewToken(6), queue: make(chan queued, o.Queue), bodies: make(chan body, o.Queue),
		closing: make(chan struct{}),
	}
	l.patient, l.giveUp = context.WithCancel(context.Background())
	return l
}

// Emit implements event.Sink. It never waits: when the queue is full it drops the fact and counts it.
func (l *Log) Emit(ctx context.Context, e event.Event) {
	if !l.o.Routine && routine(e) {
		return
	}
	select {
	case l.queue <- queued{at: l.o.Now(), origin: event.OriginOf(ctx), event: e}:
	default:
		l.lost.Add(1)
	}
}

// Start begins to write.
func (l *Log) Start(keys Keys) {
	l.begin.Do(func() {
		l.keys = keys
		l.running.Go(l.writeLines)
		l.running.Go(func() { newKeeper(l).run() })
	})
}

// Stop writes the waiting facts, until ctx ends. Facts that are emitted afterwards are lost. It returns the error of
// ctx when some could not be written.
func (l *Log) Stop(ctx context.Context) error {
	defer l.giveUp()
	select {
	case <-l.closing:
		return nil
	default:
		close(l.closing)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		l.giveUp()
		<-done
		return ctx.Err()
	}
}

// Sync waits until every fact that was emitted before is written. The error is that of ctx.
func (l *Log) Sync(ctx context.Context) error {
	passed := make(chan struct{})
	select {
	case l.queue <- queued{passed: passed}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Dropped returns the number of facts that this process could not record since it started.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

// Waiting returns the number of facts that wait to be written.
func (l *Log) Waiting() int { return len(l.queue) + len(l.bodies) }

// Count returns the number of entries in the store, those of all servers together.
func (l *Log) Count(ctx context.Context) (int, error) {
	if l.o.Keep == 0 {
		return 0, nil
	}
	end, err := l.o.Store.End(ctx)
	return end.Count, err
}
