package registry

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// maxClients bounds the cache. Beyond it a random client is evicted.
const maxClients = 10_000

// lookupTimeout bounds one read of the store that several callers wait for.
const lookupTimeout = 5 * time.Second

// cache holds clients of one generation. Ids that are not registered are never cached: made-up ids would
// evict the real ones.
type cache struct {
	store   store.Clients
	now     func() time.Time
	lease   time.Duration
	lookups singleflight.Group

	mu         sync.RWMutex
	clients    map[oauth.ClientID]oauth.Client
	generation generation
	confirmed  time.Time // when the read of generation.version was sent; zero means that it must be read again
	epoch      time.Time // as of that read, or later
}

// generation identifies a state of all clients. A client that was read in another generation may be stale.
type generation struct {
	version uint64 // of all clients, as the store counts
	changes uint64 // made by this process: a read that began before a change may not show it
}

func (g generation) String() string {
	return strconv.FormatUint(g.version, 36) + "." + strconv.FormatUint(g.changes, 36)
}

func newCache(o Options) *cache {
	return &cache{store: o.Store, now: o.Now, lease: o.Lease, clients: map[oauth.ClientID]oauth.Client{}}
}

func (m *cache) client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	c, known, at, fresh := m.get(id)
	if !fresh {
		if err := m.confirm(ctx); err != nil {
			return oauth.Client{}, err
		}
		c, known, at, _ = m.get(id)
	}
	if known {
		return c, nil
	}
	return m.fetch(ctx, id, at)
}

func (m *cache) get(id oauth.ClientID) (c oauth.Client, known bool, at generation, fresh bool) {
	now := m.now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, known = m.clients[id]
	return c, known, m.generation, m.freshAt(now)
}

// freshAt reports whether the lease has not expired. Its caller holds the lock.
func (m *cache) freshAt(now time.Time) bool {
	return !m.confirmed.IsZero() && now.Sub(m.confirmed) < m.lease
}

func (m *cache) notBefore(ctx context.Context) (time.Time, error) {
	now := m.now()
	m.mu.RLock()
	epoch, fresh := m.epoch, m.freshAt(now)
	m.mu.RUnlock()
	if fresh {
		return epoch, nil
	}
	if err := m.confirm(ctx); err != nil {
		return time.Time{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.epoch, nil
}

// confirm reads the version and the epoch, and renews the lease. It empties the cache when the version has
// changed. Concurrent callers share one read, unless this process made a change in between.
func (m *cache) confirm(ctx context.Context) error {
	m.mu.RLock()
	changes := m.generation.changes
	m.mu.RUnlock()
	key := "version after " + strconv.FormatUint(changes, 36)
	_, err := lookup(ctx, &m.lookups, key, func(ctx context.Context) (struct{}, error) {
		sent := m.now()
		version, epoch, err := m.store.Version(ctx)
		if err != nil {
			return struct{}{}, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if epoch.After(m.epoch) { // it never goes back, so even a late answer is right
			m.epoch = epoch
		}
		if changes != m.generation.changes {
			return struct{}{}, nil // the answer may be older than our change
		}
		if version != m.generation.version {
			clear(m.clients)
		}
		m.generation.version, m.confirmed = version, sent
		return struct{}{}, nil
	})
	return err
}

// fetch reads a client that is not cached. The version of generation at was confirmed before this read: a
// change that the read misses raises the version later, and that empties the cache.
func (m *cache) fetch(ctx context.Context, id oauth.ClientID, at generation) (oauth.Client, error) {
	key := "client at " + at.String() + " " + string(id)
	return lookup(ctx, &m.lookups, key, func(ctx context.Context) (oauth.Client, error) {
		c, err := m.store.Get(ctx, id)
		if err != nil {
			return oauth.Client{}, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if at == m.generation {
			m.put(c)
		}
		return c, nil
	})
}

func (m *cache) put(c oauth.Client) {
	if _, known := m.clients[c.ID]; !known && len(m.clients) >= maxClients {
		for some := range m.clients { // the order of a map is random
			delete(m.clients, some)
			break
		}
	}
	m.clients[c.ID] = c
}

// invalidate empties the cache after a change by this process, so that its caller sees the change. Reads
// that began before the change are not cached either. The next lookup reads the version first: else its
// client would be evicted as soon as the new version is seen.
func (m *cache) invalidate() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.clients)
	m.generation.changes++
	m.confirmed = time.Time{}
}

// lookup lets concurrent callers with the same key share one read. The read is detached from the context of
// the caller that starts it: the others still wait for it when that caller disconnects.
func lookup[T any](ctx context.Context, lookups *singleflight.Group, key string, read func(context.Context) (T, error)) (T, error) {
	answer := lookups.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		return read(ctx)
	})
	var none T
	select {
	case got := <-answer:
		if got.Err != nil {
			return none, got.Err
		}
		value, _ := got.Val.(T)
		return value, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
