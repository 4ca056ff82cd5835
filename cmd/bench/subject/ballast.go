package subject

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Ballast fills Redis with live records that equal those of a daemon byte for byte: it copies what the daemon has written,
// by DUMP and RESTORE, and changes only the keys.
type Ballast struct {
	Client       *redis.Client
	token, grant string // DUMP of one record of the daemon
	names        [4]string
	held         int
	expiring     int // how often Expire was called
}

//go:embed ballast.lua
var ballastSource string

// The numbers of a ballast.
const (
	grantsOfUser = 5 // with one access token each
	numberLength = 9 // of the digits that replace the end of a key
	batch        = 250
	ballastLife  = 3 * time.Hour
)

// NewBallast copies the records of the last sign-in that a daemon wrote to a store.
func (l *Lab) NewBallast(ctx context.Context, store *Store) (*Ballast, error) {
	b := &Ballast{Client: l.client(store.Addr)}
	for _, prefix := range []string{"auth:access_token:", "auth:grant:", "auth:user_grants:"} {
		keys, err := b.Client.Keys(ctx, prefix+"*").Result()
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if prefix != "auth:access_token:" || b.Client.HExists(ctx, key, "grant").Val() {
				b.names[map[string]int{"auth:access_token:": 0, "auth:grant:": 1, "auth:user_grants:": 2}[prefix]] = key
			}
		}
	}
	var errs [3]error
	b.token, errs[0] = b.Client.Dump(ctx, b.names[0]).Result()
	b.grant, errs[1] = b.Client.Dump(ctx, b.names[1]).Result()
	var entries []string
	if entries, errs[2] = b.Client.ZRange(ctx, b.names[2], 0, 0).Result(); len(entries) == 1 {
		b.names[3] = entries[0]
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("the daemon has no record to copy: %w", err)
	}
	return b, nil
}

// Grow adds grants, each with an access token and its entry in the index of its user, until there are that many.
func (b *Ballast) Grow(ctx context.Context, to int) error {
	args := []any{b.token, b.grant, ballastLife.Milliseconds(), grantsOfUser, numberLength}
	for _, name := range b.names {
		args = append(args, strings.TrimSuffix(name, name[len(name)-numberLength:]))
	}
	script := redis.NewScript(ballastSource)
	if err := script.Load(ctx, b.Client).Err(); err != nil {
		return err
	}
	const pipelined = 16
	for b.held < to {
		pipe := b.Client.Pipeline()
		for n := 0; n < pipelined && b.held < to; n++ {
			count := min(batch, to-b.held)
			script.EvalSha(ctx, pipe, nil, append(args, b.held, count)...)
			b.held += count
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Held returns how many grants there are.
func (b *Ballast) Held() int { return b.held }

// Expire adds access tokens that all expire after a time.
func (b *Ballast) Expire(ctx context.Context, count int, after time.Duration) error {
	b.expiring++
	for start := 0; start < count; {
		pipe := b.Client.Pipeline()
		for range min(4*batch, count-start) {
			pipe.Restore(ctx, fmt.Sprintf("auth:access_token:mortal-%s-%d-%08d", b.names[0][len(b.names[0])-4:], b.expiring%10, start), after, b.token)
			start++
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Memory returns used_memory.
func (b *Ballast) Memory(ctx context.Context) (int64, error) {
	text, err := b.Client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	var used int64
	_, rest, _ := strings.Cut(text, "used_memory:")
	_, err = fmt.Sscan(rest, &used)
	return used, err
}
