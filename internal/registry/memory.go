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

// maxClients is how many clients are kept in memory. Beyond it one is forgotten at random.
const maxClients = 10_000

// askFor is how long one question may take that several callers wait for.
const askFor = 5 * time.Second

// memory holds clients as they were at one version of all clients. What is not registered is not
// remembered: made-up ids would push out the real ones.
type memory struct {
	store store.Clients
	now   func() time.Time
	lease time.Duration
	asks  singleflight.Group

	mu        sync.RWMutex
	clients   map[oauth.ClientID]oauth.Client
	at        moment
	confirmed time.Time // when the question was sent whose answer was at.version; zero means never
	epoch     time.Time // as it was then, or later
}

// moment is what a client in memory was read at.
type moment struct {
	version uint64 // of all clients, as the store counts
	changes uint64 // of our own so far: what was asked before one does not count after it
}

func (m moment) String() string {
	return strconv.FormatUint(m.version, 36) + "." + strconv.FormatUint(m.changes, 36)
}

func newMemory(o Options) *memory {
	return &memory{store: o.Store, now: o.Now, lease: o.Lease, clients: map[oauth.ClientID]oauth.Client{}}
}

func (m *memory) client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	c, known, at, fresh := m.look(id)
	if !fresh {
		if err := m.confirm(ctx); err != nil {
			return oauth.Client{}, err
		}
		c, known, at, _ = m.look(id)
	}
	if known {
		return c, nil
	}
	return m.fetch(ctx, id, at)
}

func (m *memory) look(id oauth.ClientID) (c oauth.Client, known bool, at moment, fresh bool) {
	now := m.now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, known = m.clients[id]
	return c, known, m.at, m.freshAt(now)
}

// freshAt tells whether the lease runs. Its caller holds the lock.
func (m *memory) freshAt(now time.Time) bool {
	return !m.confirmed.IsZero() && now.Sub(m.confirmed) < m.lease
}

func (m *memory) notBefore(ctx context.Context) (time.Time, error) {
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

// confirm asks for the version and the epoch, and forgets all clients when the version moved. Callers at
// the same time share one question, unless a change of our own lies between them.
func (m *memory) confirm(ctx context.Context) error {
	m.mu.RLock()
	changes := m.at.changes
	m.mu.RUnlock()
	question := "version after " + strconv.FormatUint(changes, 36)
	_, err := ask(ctx, &m.asks, question, func(ctx context.Context) (struct{}, error) {
		sent := m.now()
		version, epoch, err := m.store.Version(ctx)
		if err != nil {
			return struct{}{}, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if epoch.After(m.epoch) { // it never goes back, so that no answer about it is too old
			m.epoch = epoch
		}
		if changes != m.at.changes {
			return struct{}{}, nil // the answer may be older than our change
		}
		if version != m.at.version {
			clear(m.clients)
		}
		m.at.version, m.confirmed = version, sent
		return struct{}{}, nil
	})
	return err
}

// fetch reads a client that is not in memory. The moment's version was confirmed before the read: a
// change that the read missed moves the version afterwards, and with it the client out of memory.
func (m *memory) fetch(ctx context.Context, id oauth.ClientID, at moment) (oauth.Client, error) {
	question := "client at " + at.String() + " " + string(id)
	return ask(ctx, &m.asks, question, func(ctx context.Context) (oauth.Client, error) {
		c, err := m.store.Get(ctx, id)
		if err != nil {
			return oauth.Client{}, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if at == m.at {
			m.keep(c)
		}
		return c, nil
	})
}

func (m *memory) keep(c oauth.Client) {
	if _, known := m.clients[c.ID]; !known && len(m.clients) >= maxClients {
		for some := range m.clients { // the order of a map is random
			delete(m.clients, some)
			break
		}
	}
	m.clients[c.ID] = c
}

// forget drops everything after a change of our own, so that the caller who made it sees it; what
// was asked before the change is not kept either. The version is asked for anew before the next
// client is read, else that one would be forgotten again as soon as the version is seen to have moved.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.clients)
	m.at.changes++
	m.confirmed = time.Time{}
}

// ask lets callers with the same question share one answer. The question goes on when the caller
// who asked first goes away: the others still wait for it.
func ask[T any](ctx context.Context, asks *singleflight.Group, question string, do func(context.Context) (T, error)) (T, error) {
	answer := asks.DoChan(question, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
		defer cancel()
		return do(ctx)
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
