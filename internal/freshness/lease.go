package freshness

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// DefaultLife bounds the use of a confirmation.
const DefaultLife = time.Second

// confirmInterval is the pause between two reads of Watch: a fraction of a lease, so that requests seldom have to
// read.
const confirmInterval = 250 * time.Millisecond

// Options configure a Lease. Store and Now are required.
type Options struct {
	Store store.Freshness
	Now   func() time.Time // must carry the monotonic clock, as time.Now does
	Life  time.Duration    // of a confirmation; 0 means DefaultLife
}

// Generation counts the states of the clients that this process has seen. A client that was read in an earlier
// generation may be stale.
type Generation uint64

// Lease is this process's right to answer from memory. It is safe for concurrent use.
type Lease struct {
	o     Options
	reads memo.Reads[struct{}]

	mu    sync.Mutex // held while the state is replaced
	state atomic.Pointer[state]
}

// state holds what is known of the store. It does not change once it is published.
type state struct {
	generation Generation
	changes    uint64    // made by this process: a read that began before a change may not show it
	version    uint64    // of all clients, as the store counts
	epoch      time.Time // as of the last read, or later
	confirmed  time.Time // when the last read was sent; zero means that the store must be read again
}

// New returns a Lease that has expired.
func New(o Options) *Lease {
	if o.Life == 0 {
		o.Life = DefaultLife
	}
	l := &Lease{o: o}
	l.state.Store(&state{})
	return l
}

// Life returns how long another replica may answer from memory after a change was made here.
func (l *Lease) Life() time.Duration { return l.o.Life }

// Generation returns the generation of the clients, and reads the store when the lease has expired. An error means
// "could not ask".
func (l *Lease) Generation(ctx context.Context) (Generation, error) {
	s, err := l.current(ctx)
	if err != nil {
		return 0, err
	}
	return s.generation, nil
}

// Version returns the version of all clients as the store counts, likewise.
func (l *Lease) Version(ctx context.Context) (uint64, error) {
	s, err := l.current(ctx)
	if err != nil {
		return 0, err
	}
	return s.version, nil
}

// Epoch returns the time before which every token, session and grant is void, at most a lease late; zero when it was
// never raised. An error means "could not ask".
func (l *Lease) Epoch(ctx context.Context) (time.Time, error) {
	s, err := l.current(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return s.epoch, nil
}

// RaiseEpoch moves the epoch forward; an earlier time changes nothing. Other replicas see it within a lease.
func (l *Lease) RaiseEpoch(ctx context.Context, before time.Time) error {
	defer l.Invalidate() // even after an error: the change may have been made
	return l.o.Store.RaiseEpoch(ctx, before)
}

// Watch renews the lease until ctx ends.
func (l *Lease) Watch(ctx context.Context) {
	tick := time.NewTicker(confirmInterval)
	defer tick.Stop()
	for {
		_ = l.confirm(ctx) // after an error the lease expires, and the next caller gets the error
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Invalidate ends the lease and begins a generation, after a change by this process, so that its caller sees the
// change. Reads that began before do not renew the lease.
func (l *Lease) Invalidate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := *l.state.Load()
	next.generation++
	next.changes++
	next.confirmed = time.Time{}
	l.state.Store(&next)
}

// current returns a state that was confirmed less than a lease before the call. The read that a caller shares may have
// been sent earlier than that: then the caller reads again.
func (l *Lease) current(ctx context.Context) (*state, error) {
	called := l.o.Now()
	for {
		if s := l.state.Load(); !s.confirmed.IsZero() && called.Sub(s.confirmed) < l.o.Life {
			return s, nil
		}
		if err := l.confirm(ctx); err != nil {
			return nil, err
		}
	}
}

// confirm reads the store and renews the lease. It begins a generation when a client has changed. Concurrent callers
// share one read, unless this process made a change in between.
func (l *Lease) confirm(ctx context.Context) error {
	changes := l.state.Load().changes
	_, err := l.reads.Do(ctx, strconv.FormatUint(changes, 36), func(ctx context.Context) (struct{}, error) {
		sent := l.o.Now()
		marks, err := l.o.Store.Read(ctx)
		if err != nil {
			return struct{}{}, err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		next := *l.state.Load()
		if marks.Epoch.After(next.epoch) { // it never goes back, so even a late answer is right
			next.epoch = marks.Epoch
		}
		if changes == next.changes { // else the answer may be older than our change
			if marks.Version != next.version {
				next.generation++
			}
			next.version, next.confirmed = marks.Version, sent
		}
		l.state.Store(&next)
		return struct{}{}, nil
	})
	return err
}
