package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Limits counts requests and attempts, auth:rate_limit:<digest>, so that all daemons keep one limit together. Every
// write is expendable: after the loss of a node a count begins anew.
//
// The times are those of the callers. Where their clocks differ by d, callers may once get early what a bucket refills
// in d; never more.
type Limits interface {
	// Take takes up to want permits from a bucket (GCRA), but never more than an eighth of what is left, rounded up: a
	// caller that takes several at a time, to spend them from memory, takes one at a time when the bucket is nearly
	// empty. Any number of concurrent callers together never get more than the bucket holds. With none Granted, Wait
	// is the time until there is one.
	Take(ctx context.Context, b Bucket, want int, now time.Time) (Permits, error)

	// Try counts an attempt against every budget, before it is made: of any number of concurrent callers exactly as
	// many are allowed as a budget has left. Each budget is counted by itself: after a refusal by one of them the
	// caller must Return the attempt to the others. After an error some may have counted it: Return it to all.
	Try(ctx context.Context, attempt Attempt, budgets []Budget, now time.Time) ([]Trial, error)

	// Return refunds attempts that did not fail. An attempt that is not counted changes nothing: it never arrived, its
	// window has ended, it was cleared or returned before. So Return can be repeated after an error, and of concurrent
	// callers with one attempt exactly one refunds it.
	Return(ctx context.Context, counted ...Counted) error

	// Clear drops every attempt at some keys and unlocks them. It is idempotent. A concurrent Try comes first and is
	// dropped, or comes second and is counted.
	Clear(ctx context.Context, keys ...oauth.Digest) error

	// Locked returns the time until which a key is locked; zero when it is not locked.
	Locked(ctx context.Context, key oauth.Digest, now time.Time) (time.Time, error)
}

// Bucket is a rate: Permits at once, and as many again in each Per, one after the other.
type Bucket struct {
	Key     oauth.Digest
	Permits int           // at least 1
	Per     time.Duration // at least a microsecond a permit
}

// Permits is the result of Take.
type Permits struct {
	Granted int
	Wait    time.Duration // until there is one; 0 when some were granted
}

// Budget bounds how many attempts may fail within a window. The last one locks the key for a window.
type Budget struct {
	Key      oauth.Digest
	Attempts int // at least 1
	Window   time.Duration
}

// Attempt names one attempt. It is random, so that no two have the same name.
type Attempt string

// Counted is an attempt as one budget counts it.
type Counted struct {
	Key     oauth.Digest
	Attempt Attempt
}

// Trial is the result of Try for one budget.
type Trial struct {
	Key     oauth.Digest
	Allowed bool
	Last    bool          // it was the last one of the budget: the key is locked unless it is returned
	Wait    time.Duration // until the key is unlocked; 0 when the attempt was allowed
}
