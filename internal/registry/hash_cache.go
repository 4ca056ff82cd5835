package registry

import (
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Bounds of the hash cache.
const (
	hashCacheTTL    = 5 * time.Minute
	maxCachedHashes = 10_000
)

// hashCache remembers which secrets matched a slow hash, so that the hash is not computed for each request.
// It keeps digests under a key that exists only in this process. The digest covers the client's revision:
// any change of the client invalidates its entries.
type hashCache struct {
	key     oauth.MACKey
	matched *memo.Map[[32]byte, struct{}]
}

func newHashCache(now func() time.Time) *hashCache {
	return &hashCache{
		key: secret.NewMACKey(secret.Random(32)),
		matched: memo.NewMap[[32]byte](memo.Options[struct{}]{
			Limit: maxCachedHashes, Life: hashCacheTTL, Now: now,
		}),
	}
}

func (m *hashCache) entry(c oauth.Client, s oauth.Secret, shown string) [32]byte {
	revision := strconv.FormatUint(c.Revision, 10)
	return secret.MAC(m.key, hashCachePurpose, string(c.ID), revision, s.ID, s.Hash, shown)
}

func (m *hashCache) has(entry [32]byte) bool {
	_, ok := m.matched.Get(entry)
	return ok
}

func (m *hashCache) add(entry [32]byte) { m.matched.Put(entry, struct{}{}) }
