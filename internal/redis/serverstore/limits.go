package serverstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Limits implements store.Limits. Every count is one key, and every change of it one script.
type Limits struct {
	db *redisconn.DB

	take, try, giveBack, forget *redisconn.Script
}

// NewLimits returns the store of counts.
func NewLimits(db *redisconn.DB) *Limits {
	script := scripts(db)
	l := &Limits{
		db: db, take: script("limit_take"), try: script("limit_try"),
		giveBack: script("limit_return"), forget: script("limit_clear"),
	}
	return l
}

// Take implements store.Limits.
func (l *Limits) Take(ctx context.Context, b store.Bucket, want int, now time.Time) (store.Permits, error) {
	answer, err := l.db.Write(ctx, "limits.take", l.take, []string{limit(b.Key)},
		now.UnixMicro(), refill(b), b.Permits, want)
	if err != nil {
		return store.Permits{}, err
	}
	numbers, err := pipeline.Numbers(answer, 2)
	if err != nil {
		return store.Permits{}, err
	}
	return store.Permits{Granted: int(numbers[0]), Wait: time.Duration(numbers[1]) * time.Microsecond}, nil
}

// refill returns the whole µs that one permit takes. Rounded up: a bucket never grants more than its rate.
func refill(b store.Bucket) int64 {
	permits := int64(b.Permits)
	return max(1, (b.Per.Microseconds()+permits-1)/permits)
}

// Try implements store.Limits.
func (l *Limits) Try(ctx context.Context, attempt store.Attempt, budgets []store.Budget, now time.Time) ([]store.Trial, error) {
	calls := make([]redisconn.Call, len(budgets))
	for i, b := range budgets {
		calls[i] = redisconn.Call{
			Keys: []string{limit(b.Key)}, Args: []any{now.UnixMilli(), b.Attempts, b.Window.Milliseconds(), string(attempt)},
		}
	}
	answers, err := l.db.WriteEach(ctx, "limits.try", l.try, calls)
	if err != nil {
		return nil, err
	}
	trials := make([]store.Trial, len(budgets))
	for i, answer := range answers {
		numbers, err := pipeline.Numbers(answer, 3)
		if err != nil {
			return nil, err
		}
		trials[i] = store.Trial{
			Key: budgets[i].Key, Allowed: numbers[0] == 1, Last: numbers[1] == 1,
			Wait: time.Duration(numbers[2]) * time.Millisecond,
		}
	}
	return trials, nil
}

// Return implements store.Limits.
func (l *Limits) Return(ctx context.Context, counted ...store.Counted) error {
	calls := make([]redisconn.Call, len(counted))
	for i, one := range counted {
		calls[i] = redisconn.Call{Keys: []string{limit(one.Key)}, Args: []any{string(one.Attempt)}}
	}
	_, err := l.db.WriteEach(ctx, "limits.return", l.giveBack, calls)
	return err
}

// Clear implements store.Limits.
func (l *Limits) Clear(ctx context.Context, keys ...oauth.Digest) error {
	calls := make([]redisconn.Call, len(keys))
	for i, key := range keys {
		calls[i] = redisconn.Call{Keys: []string{limit(key)}}
	}
	_, err := l.db.WriteEach(ctx, "limits.clear", l.forget, calls)
	return err
}

// Locked implements store.Limits.
func (l *Limits) Locked(ctx context.Context, key oauth.Digest, now time.Time) (time.Time, error) {
	cmd := redis.NewStringCmd(ctx, "hget", limit(key), "lock")
	if err := l.db.Read(ctx, "limits.locked", cmd); err != nil {
		return time.Time{}, err
	}
	if errors.Is(cmd.Err(), redis.Nil) {
		return time.Time{}, nil
	}
	at, err := strconv.ParseInt(cmd.Val(), 10, 64)
	if err != nil {
		return time.Time{}, errors.New("serverstore: a lock cannot be read")
	}
	if at <= now.UnixMilli() {
		return time.Time{}, nil
	}
	return time.UnixMilli(at).UTC(), nil
}
