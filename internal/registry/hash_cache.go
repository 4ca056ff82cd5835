package registry

import (
	"strconv"
	"sync"
	"time"

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
	now func() time.Time
	key []byte

	mu    sync.Mutex
	until map[[32]byte]time.Time
}

func newHashCache(now func() time.Time) *hashCache {
	return &hashCache{now: now, key: secret.Random(32), until: map[[32]byte]time.Time{}}
}

func (m *hashCache) entry(c oauth.Client, s oauth.Secret, shown string) [32]byte {
	revision := strconv.FormatUint(c.Revision, 10)
	return [32]byte(secret.MAC(m.key, hashCachePurpose, string(c.ID), revision, s.ID, s.Hash, shown))
}

func (m *hashCache) has(entry [32]byte) bool {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	until, known := m.until[entry]
	if known && !now.Before(until) {
		delete(m.until, entry)
	}
	return known && now.Before(until)
}

func (m *hashCache) add(entry [32]byte) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.until) >= maxCachedHashes {
		for some := range m.until { // the order of a map is random
			delete(m.until, some)
			break
		}
	}
	m.until[entry] = now.Add(hashCacheTTL)
}
