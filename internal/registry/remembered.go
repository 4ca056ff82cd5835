package registry

import (
	"strconv"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Bounds on the memory of slow hashes that matched.
const (
	rememberFor   = 5 * time.Minute
	maxRemembered = 10_000
)

// remembered keeps, in this process only, which chosen secrets were shown and found right: digests
// under a key that dies with the process. The client's revision is part of what is digested, so any
// change of the client makes its entries useless.
type remembered struct {
	now func() time.Time
	key []byte

	mu    sync.Mutex
	until map[[32]byte]time.Time
}

func newRemembered(now func() time.Time) *remembered {
	return &remembered{now: now, key: secret.Random(32), until: map[[32]byte]time.Time{}}
}

func (m *remembered) name(c oauth.Client, s oauth.Secret, shown string) [32]byte {
	revision := strconv.FormatUint(c.Revision, 10)
	return [32]byte(secret.MAC(m.key, rememberPurpose, string(c.ID), revision, s.ID, s.Hash, shown))
}

func (m *remembered) knows(name [32]byte) bool {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	until, known := m.until[name]
	if known && !now.Before(until) {
		delete(m.until, name)
	}
	return known && now.Before(until)
}

func (m *remembered) add(name [32]byte) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.until) >= maxRemembered {
		for some := range m.until { // the order of a map is random
			delete(m.until, some)
			break
		}
	}
	m.until[name] = now.Add(rememberFor)
}
