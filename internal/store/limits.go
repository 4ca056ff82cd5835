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
	// attempt that one of them refuses is given back to the others by Return. After an error some may
	// be counted.
	Try(ctx context.Context, budgets []Budget, now time.Time) ([]Trial, error)

	// Return gives back attempts that were allowed and did not fail. One whose window is over, or
	// that was cleared since, changes nothing.
	Return(ctx context.Context, trials ...Trial) error

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

// Trial is what Try says to one budget.
type Trial struct {
	Key     oauth.Digest
	Allowed bool
	Last    bool          // it was the last one of the budget: the key is locked unless it is given back
	Wait    time.Duration // until the key is unlocked; 0 when the attempt was allowed
	Since   time.Time     // when the window began that it was counted in
}
