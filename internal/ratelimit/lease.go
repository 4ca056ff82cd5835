package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The bounds of what a daemon takes ahead.
const (
	mostTaken = 1024        // permits at a time
	early     = 4           // a new batch is fetched when a fourth of the last one is left
	longest   = time.Second // that they are kept
	blind     = time.Second // that a store is left alone which could not be asked
)

// lease is what this daemon took of one bucket and has not spent yet. How much it takes follows how
// much is asked of it: twice as much when everything was spent in time, and as much as was spent when
// it was not. It is safe for concurrent use.
type lease struct {
	mu      sync.Mutex
	left    int
	until   time.Time // when what is left is not worth anything any more
	spent   int       // of the last batch
	next    int       // how much to take
	low     int       // when so many are left, the next batch is fetched
	refused time.Time // until when the bucket is empty
	blind   time.Time // until when the store is not asked
	failure error     // why
	asking  chan struct{}
	waiting int // callers who wait for the one that asks
}

// take asks the bucket itself.
type take func(ctx context.Context, want int, now time.Time) (store.Permits, error)

// spend spends one permit. It answers how long there will be none, or why nobody knows.
func (l *lease) spend(ctx context.Context, clock func() time.Time, ask take, rate Rate) (time.Duration, error) {
	for {
		now := clock()
		l.mu.Lock()
		switch {
		case l.left > 0 && now.Before(l.until):
			l.left--
			l.spent++
			if l.left > l.low || l.low == 0 || l.asking != nil {
				l.mu.Unlock()
				return 0, nil
			}
			want := l.begin(now)
			l.mu.Unlock()
			go l.fetch(context.WithoutCancel(ctx), want, clock, ask, rate) // so that nobody has to wait for it
			return 0, nil
		case now.Before(l.refused):
			wait := l.refused.Sub(now)
			l.mu.Unlock()
			return wait, nil
		case now.Before(l.blind):
			err := l.failure
			l.mu.Unlock()
			return 0, err
		case l.asking != nil:
			if err := l.await(ctx); err != nil {
				return 0, err
			}
			continue
		}
		want := l.begin(now)
		l.mu.Unlock()
		// The others wait for this answer, also when this caller goes away.
		l.fetch(context.WithoutCancel(ctx), want, clock, ask, rate)
	}
}

// begin says how many permits to ask for, and that somebody asks.
func (l *lease) begin(now time.Time) int {
	l.asking = make(chan struct{})
	return l.wanted(now)
}

// fetch asks. What the answer says counts from when it came: an answer that was over by then would be
// asked for again and again.
func (l *lease) fetch(ctx context.Context, want int, clock func() time.Time, ask take, rate Rate) {
	got, err := ask(ctx, want, clock())
	l.learn(got, err, clock(), rate)
}

// await waits for the caller who asks. It is called with the lease locked, and unlocks it.
func (l *lease) await(ctx context.Context) error {
	answered := l.asking
	l.waiting++
	l.mu.Unlock()
	var err error
	select {
	case <-answered:
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.mu.Lock()
	l.waiting--
	l.mu.Unlock()
	return err
}

// wanted is how many permits the next batch should have. What is left of the last one has lapsed.
func (l *lease) wanted(now time.Time) int {
	if l.left <= l.low && now.Before(l.until) {
		l.next *= 2
	} else {
		l.next = l.spent
	}
	l.next = min(max(l.next, 1), mostTaken)
	return min(max(l.next, l.waiting+1), mostTaken)
}

// learn takes note of an answer and lets those go on who waited for it.
func (l *lease) learn(got store.Permits, err error, now time.Time, rate Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.asking)
	l.asking = nil
	if !now.Before(l.until) {
		l.left = 0 // it has lapsed
	}
	switch {
	case err != nil:
		l.blind, l.failure, l.low = now.Add(blind), err, 0
	case got.Granted > 0:
		l.left, l.spent, l.low = l.left+got.Granted, 0, got.Granted/early
		l.until = now.Add(min(longest, rate.Per/10))
	case l.left > 0: // a batch ahead that was not there; whoever finds nothing left asks again
		l.low = 0
	default:
		l.refused, l.next = now.Add(got.Wait), 1
	}
}

// idle tells whether forgetting the lease changes nothing.
func (l *lease) idle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asking == nil && (l.left == 0 || !now.Before(l.until)) && !now.Before(l.refused)
}
