package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Freshness implements store.Freshness. The version is raised by the scripts that change a client.
type Freshness struct {
	db    *redisconn.DB
	names names
	raise *redisconn.Script
}

// NewFreshness returns the store of the two marks.
func NewFreshness(db *redisconn.DB) *Freshness {
	script := scripts(db)
	f := &Freshness{db: db, names: namesOf(db), raise: ending(script("epoch_raise"))}
	return f
}

// Read implements store.Freshness.
func (f *Freshness) Read(ctx context.Context) (store.Marks, error) {
	version := redis.NewIntCmd(ctx, "get", f.names.clientsVersion())
	epoch := redis.NewIntCmd(ctx, "get", f.names.epoch())
	if err := f.db.Read(ctx, "freshness.read", version, epoch); err != nil {
		return store.Marks{}, err
	}
	for _, cmd := range []*redis.IntCmd{version, epoch} {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return store.Marks{}, err
		}
	}
	marks := store.Marks{Version: uint64(version.Val())} //nolint:gosec // counts up from 1
	if epoch.Val() != 0 {
		marks.Epoch = time.UnixMilli(epoch.Val()).UTC()
	}
	return marks, nil
}

// RaiseEpoch implements store.Freshness.
func (f *Freshness) RaiseEpoch(ctx context.Context, before time.Time) error {
	_, err := f.db.Write(ctx, "freshness.raise_epoch", f.raise, []string{f.names.epoch()}, before.UnixMilli())
	return err
}
