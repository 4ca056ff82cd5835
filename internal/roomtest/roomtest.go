package roomtest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientauth"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/granttype"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/registry"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Open opens a Redis, an embedded one unless o says otherwise, until the end of the test. Its time limits suit a busy
// machine.
func Open(t testing.TB, o redisconn.Options) *redisconn.DB {
	t.Helper()
	o.Timeout, o.DialTimeout = 10*time.Second, 5*time.Second
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Clock is the system's clock, moved ahead by a test. The zero Clock is ready. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now returns the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Pass moves the clock ahead.
func (c *Clock) Pass(d time.Duration) { c.ahead.Add(int64(d)) }

// Events records events. The zero Events is ready. It is safe for concurrent use.
type Events struct {
	mu  sync.Mutex
	all []event.Event
}

// Emit implements event.Sink.
func (e *Events) Emit(_ context.Context, one event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
}

// Emitted returns the events so far, in their order.
func (e *Events) Emitted() []event.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

// Reset drops the events so far.
func (e *Events) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = nil
}

// Ring returns a key ring, which Load has filled. An empty Store is one in db; an empty Events drops the events.
func Ring(t testing.TB, db *redisconn.DB, o keyring.Options) *keyring.Ring {
	t.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, secret.MasterKeySize))
	if err != nil {
		t.Fatal(err)
	}
	o.Sealer = sealer
	if o.Store == nil {
		o.Store = serverstore.NewKeys(db)
	}
	if o.Events == nil {
		o.Events = event.Sinks{}
	}
	ring := keyring.New(o)
	if err := ring.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ring
}

// Hasher returns one whose hashes cost next to nothing.
func Hasher() *secret.Hasher { return secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1}) }

// Lease returns the lease of answers from memory of a server on db.
func Lease(db *redisconn.DB, now func() time.Time) *freshness.Lease {
	return freshness.New(freshness.Options{Store: redisstore.NewFreshness(db), Now: now})
}

// Registry returns a registry for every grant type and client authentication method. An empty Store is one in db, an
// empty Lease one of its own.
func Registry(db *redisconn.DB, o registry.Options) *registry.Registry {
	o.Supported = oauth.Supported{
		GrantTypes:  granttype.Describe(granttype.AuthorizationCode{}, granttype.RefreshToken{}, granttype.ClientCredentials{}),
		AuthMethods: clientauth.Describe(clientauth.SecretBasic{}, clientauth.SecretPost{}, clientauth.None{}),
	}
	o.Hasher = Hasher()
	if o.Store == nil {
		o.Store = store.Clients(redisstore.NewClients(db))
	}
	if o.Lease == nil {
		o.Lease = Lease(db, o.Now)
	}
	return registry.New(o)
}
