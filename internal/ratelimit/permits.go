package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The bounds of the permits that a daemon fetches ahead.
const (
	maxBatch      = 1024        // permits in one batch
	prefetchPart  = 4           // the next batch is fetched when a fourth of the last one is left
	permitLife    = time.Second // unused permits are dropped after it
	outageBackoff = time.Second // the store is not asked again for so long after it did not answer
)

// permits are those that this daemon fetched from one bucket and has not spent yet. The size of a batch
// follows the load: it doubles when a batch was spent in time, and falls to what was spent when it was not.
// It is safe for concurrent use.
type permits struct {
	mu           sync.Mutex
	left         int
	expires      time.Time // of the permits that are left
	spent        int       // of the last batch
	size         int       // of the next batch
	prefetchAt   int       // when so many are left, the next batch is fetched
	refusedUntil time.Time // the bucket is empty until then
	outageUntil  time.Time // the store is not asked before then
	outage       error     // its cause
	fetching     chan struct{}
	waiting      int // callers that wait for the batch which is being fetched
}

func newPermits() *permits { return &permits{} }

// take fetches permits of one bucket from the store.
type take func(ctx context.Context, want int, now time.Time) (store.Permits, error)

// spend spends one permit. It returns the time until the bucket has one again, zero when a permit was spent,
// or the error of the store.
func (p *permits) spend(ctx context.Context, clock func() time.Time, from take, rate Rate) (time.Duration, error) {
	for {
		now := clock()
		p.mu.Lock()
		switch {
		case p.left > 0 && now.Before(p.expires):
			p.left--
			p.spent++
			if p.left > p.prefetchAt || p.prefetchAt == 0 || p.fetching != nil {
				p.mu.Unlock()
				return 0, nil
			}
			want := p.begin(now)
			p.mu.Unlock()
			go p.fetch(context.WithoutCancel(ctx), want, clock, from, rate) // so that no caller waits for it
			return 0, nil
		case now.Before(p.refusedUntil):
			wait := p.refusedUntil.Sub(now)
			p.mu.Unlock()
			return wait, nil
		case now.Before(p.outageUntil):
			err := p.outage
			p.mu.Unlock()
			return 0, err
		case p.fetching != nil:
			if err := p.await(ctx); err != nil {
				return 0, err
			}
			continue
		}
		want := p.begin(now)
		p.mu.Unlock()
		// Detach from ctx: other callers wait for this batch, also when this one disconnects.
		p.fetch(context.WithoutCancel(ctx), want, clock, from, rate)
	}
}

// begin marks a fetch as under way and returns how many permits it asks for.
func (p *permits) begin(now time.Time) int {
	p.fetching = make(chan struct{})
	return p.nextSize(now)
}

// fetch asks the store. Times count from the arrival of the reply: a batch that had expired by then would be
// fetched again and again.
func (p *permits) fetch(ctx context.Context, want int, clock func() time.Time, from take, rate Rate) {
	got, err := from(ctx, want, clock())
	p.store(got, err, clock(), rate)
}

// await waits for the batch that is being fetched. It is called with the lock held, and releases it.
func (p *permits) await(ctx context.Context) error {
	fetched := p.fetching
	p.waiting++
	p.mu.Unlock()
	var err error
	select {
	case <-fetched:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	p.waiting--
	p.mu.Unlock()
	return err
}

// nextSize returns the size of the next batch. Permits that are left of the last one have expired.
func (p *permits) nextSize(now time.Time) int {
	if p.left <= p.prefetchAt && now.Before(p.expires) {
		p.size *= 2
	} else {
		p.size = p.spent
	}
	p.size = min(max(p.size, 1), maxBatch)
	return min(max(p.size, p.waiting+1), maxBatch)
}

// store keeps the reply of the store and wakes the callers that wait for it.
func (p *permits) store(got store.Permits, err error, now time.Time, rate Rate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.fetching)
	p.fetching = nil
	if !now.Before(p.expires) {
		p.left = 0
	}
	switch {
	case err != nil:
		p.outageUntil, p.outage, p.prefetchAt = now.Add(outageBackoff), err, 0
	case got.Granted > 0:
		p.left, p.spent, p.prefetchAt = p.left+got.Granted, 0, got.Granted/prefetchPart
		p.expires = now.Add(min(permitLife, rate.Per/10))
	case p.left > 0: // a prefetch found the bucket empty: the caller that spends the last permit asks again
		p.prefetchAt = 0
	default:
		p.refusedUntil, p.size = now.Add(got.Wait), 1
	}
}

// idle reports whether dropping the permits changes nothing.
func (p *permits) idle(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetching == nil && (p.left == 0 || !now.Before(p.expires)) && !now.Before(p.refusedUntil)
}
