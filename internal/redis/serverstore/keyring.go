package serverstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// keyField stands before a key's id in the ring's hash, beside the field version.
const keyField = "key:"

// Keys implements store.Keys.
type Keys struct {
	db   *redisconn.DB
	swap *redisconn.Script
}

// NewKeys returns the store of the server's key ring.
func NewKeys(db *redisconn.DB) *Keys {
	script := scripts(db)
	k := &Keys{db: db, swap: script("keys_swap")}
	return k
}

// Load implements store.Keys.
func (k *Keys) Load(ctx context.Context) (map[string][]byte, uint64, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", keyRing)
	if err := k.db.Read(ctx, "keys.load", cmd); err != nil {
		return nil, 0, err
	}
	ring := make(map[string][]byte)
	for name, value := range cmd.Val() {
		if id, ok := strings.CutPrefix(name, keyField); ok {
			ring[id] = []byte(value)
		}
	}
	stored, there := cmd.Val()["version"]
	if !there {
		return ring, 0, nil
	}
	version, err := strconv.ParseUint(stored, 10, 64)
	if err != nil {
		return nil, 0, errors.New("serverstore: the version of the key ring cannot be read")
	}
	return ring, version, nil
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
	answer, err := k.db.Write(ctx, "keys.swap", k.swap, []string{keyRing}, args...)
	if err != nil {
		return err
	}
	if won, err := pipeline.Number(answer); err != nil || won == 1 {
		return err
	}
	return store.Conflict
}
