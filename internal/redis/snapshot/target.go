package snapshot

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/backup"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/rdb"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// scanStep is the number of keys that one SCAN asks for: well below a millisecond of the server's time.
const scanStep = 500

// tryKey takes one value for a moment, to see whether Redis accepts it. It ends by itself.
const (
	tryKey     = "auth:restore:try"
	tryKeyLife = 10_000 // ms
)

// Target implements backup.Target.
type Target struct {
	db     *redisconn.DB
	prober *probe.Prober
}

// NewTarget returns the database of a connection as the target of a restore. It asks nothing yet.
func NewTarget(db *redisconn.DB) *Target { return &Target{db: db, prober: probe.New(db)} }

// Describe implements backup.Target.
func (t *Target) Describe(ctx context.Context) (backup.Installation, error) {
	i := backup.Installation{Mode: string(t.db.Mode())}
	loads, err := t.prober.Loads(ctx)
	if err != nil {
		return i, err
	}
	for _, l := range loads {
		if l.Err != nil || l.Role != "master" {
			continue
		}
		i.Servers, i.Redis = append(i.Servers, l.Addr), l.Version
		i.Memory += l.Limit
	}
	if len(i.Servers) == 0 {
		return i, errNoServer
	}
	i.Issuer, err = t.db.Driver().Get(ctx, t.db.Options().Prefix+"issuer").Result()
	if errors.Is(err, redis.Nil) {
		return i, nil
	}
	if err != nil {
		return i, explainRestore(err, "GET", i.Servers[0])
	}
	return i, nil
}

// Scan implements backup.Target.
func (t *Target) Scan(ctx context.Context, use func(key []byte) error) error {
	addrs, _, err := t.masters(ctx)
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if err := t.scan(ctx, addr, use); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) scan(ctx context.Context, addr string, use func(key []byte) error) error {
	o := t.db.Options()
	client := o.Dial().Client(addr, nil)
	defer func() { _ = client.Close() }() // no request is in flight
	for cursor := uint64(0); ; {
		keys, next, err := client.Scan(ctx, cursor, "", scanStep).Result()
		if err != nil {
			return explainRestore(err, "SCAN of all keys", addr)
		}
		for _, key := range keys {
			if err := use([]byte(key)); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// Values implements backup.Target.
func (t *Target) Values(ctx context.Context, keys [][]byte) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	pipe := t.db.Driver().Pipeline()
	cmds := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		cmds[i] = pipe.Dump(ctx, string(key))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	values := make([][]byte, len(keys))
	for i, cmd := range cmds {
		payload, err := cmd.Bytes()
		switch {
		case errors.Is(err, redis.Nil):
		case err != nil:
			return nil, explainRestore(err, "DUMP", strings.Join(t.db.Options().Addrs, ","))
		case len(payload) > trailerSize:
			values[i] = payload[:len(payload)-trailerSize]
		}
	}
	return values, nil
}

// Equal implements backup.Target.
func (t *Target) Equal(a, b []byte) bool { return rdb.Equal(a, b) }

// TryHash implements backup.Target.
func (t *Target) TryHash(ctx context.Context, r backup.Record, value []byte) (map[string]string, error) {
	sum := rdb.NewChecksum()
	sum.Add(value)
	end := trailerOf(sum, r.Version)
	client := t.db.Driver()
	where := strings.Join(t.db.Options().Addrs, ",")
	err := client.Do(ctx, "RESTORE", tryKey, tryKeyLife, append(append([]byte(nil), value...), end[:]...), "REPLACE").Err()
	if err != nil {
		return nil, explainForm(err, where, r.Version)
	}
	defer client.Del(context.WithoutCancel(ctx), tryKey) // it would end by itself
	if !rdb.IsHash(value) {
		return nil, nil
	}
	fields, err := client.HGetAll(ctx, tryKey).Result()
	if err != nil {
		return nil, explainRestore(err, "HGETALL", where)
	}
	return fields, nil
}
