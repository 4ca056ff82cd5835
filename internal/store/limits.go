package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Limits counts what callers do, auth:rate_limit:<digest>, so that all daemons keep one limit
// together. Every write is expendable: what is lost with a node is a count that begins anew.
//
// The times are those of the callers. Where their clocks differ by d, what a bucket refills in d may
// be had early, once; never more.
type Limits interface {
	// Take gives up to want permits of a bucket (GCRA), but never more than an eighth of what is
	// left, rounded up: who takes several at a time to spend them from memory takes one at a time
	// when the bucket is nearly empty. Any number of concurrent callers together never get more than
	// the bucket holds. Permits with none Granted say how long there will be none.
	Take(ctx context.Context, b Bucket, want int, now time.Time) (Permits, error)

	// Try counts an attempt against every budget, before it is made: of any number of concurrent
	// callers exactly as many are allowed as a budget has left. Each budget is counted by itself; an
	// attempt that one of them refuses is given back to the others by Return. After an error it may
	// be counted by some: Return takes it back from all.
	Try(ctx context.Context, attempt Attempt, budgets []Budget, now time.Time) ([]Trial, error)

	// Return refunds attempts that did not fail. One that is not counted, or not any more, changes
	// nothing: it never came, its window is over, it was cleared or given back before. So it can be
	// repeated after an error.
	Return(ctx context.Context, counted ...Counted) error

	// Clear forgets every attempt at some keys and unlocks them. It is idempotent.
	Clear(ctx context.Context, keys ...oauth.Digest) error

	// Locked tells until when a key is locked; zero when it is not.
	Locked(ctx context.Context, key oauth.Digest, now time.Time) (time.Time, error)
}

// Bucket is a rate: Permits at once, and as many again in each Per, one after the other.
type Bucket struct {
	Key     oauth.Digest
	Permits int           // at least 1
	Per     time.Duration // at least a microsecond a permit
}

// Permits are what Take gave.
type Permits struct {
	Granted int
	Wait    time.Duration // until there is one; 0 when some were granted
}

// Budget is how many attempts may fail within a window. The last one locks the key for a window.
type Budget struct {
	Key      oauth.Digest
	Attempts int // at least 1
	Window   time.Duration
}

// Attempt names one attempt. It is made by chance, so that no other has the same.
type Attempt string

// Counted is an attempt as one budget counts it.
type Counted struct {
	Key     oauth.Digest
	Attempt Attempt
}

// Trial is what Try says to one budget.
type Trial struct {
	Key     oauth.Digest
	Allowed bool
	Last    bool          // it was the last one of the budget: the key is locked unless it is given back
	Wait    time.Duration // until the key is unlocked; 0 when the attempt was allowed
}
