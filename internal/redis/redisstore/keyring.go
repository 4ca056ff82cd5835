package redisstore

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// keyField stands before a key's id in the ring's hash, beside the field version.
const keyField = "key:"

// Keys implements store.Keys.
type Keys struct {
	db    *redisconn.DB
	names names
	swap  *redisconn.Script
}

// NewKeys makes the store of the server's key ring.
func NewKeys(db *redisconn.DB) *Keys {
	k := &Keys{db: db, names: namesOf(db), swap: script("keys_swap")}
	db.Use(k.swap)
	return k
}

// Load implements store.Keys.
func (k *Keys) Load(ctx context.Context) (map[string][]byte, uint64, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", k.names.keyRing())
	if err := k.db.Read(ctx, "keys.load", cmd); err != nil {
		return nil, 0, err
	}
	ring := make(map[string][]byte)
	s := &stored{fields: cmd.Val()}
	for name, value := range s.fields {
		if id, ok := strings.CutPrefix(name, keyField); ok {
			ring[id] = []byte(value)
		}
	}
	return ring, uint64(s.number("version")), s.err //nolint:gosec // counts up from 0
}

// Swap implements store.Keys.
func (k *Keys) Swap(ctx context.Context, version uint64, put map[string][]byte, drop []string) error {
	args := []any{version, len(drop)}
	for _, id := range drop {
		args = append(args, keyField+id)
	}
	for id, sealed := range put {
		if !slices.Contains(drop, id) {
			args = append(args, keyField+id, sealed)
		}
	}
	answer, err := k.db.Write(ctx, "keys.swap", k.swap, []string{k.names.keyRing()}, args...)
	if err != nil {
		return err
	}
	if won, err := count(answer); err != nil || won == 1 {
		return err
	}
	return store.Conflict
}
