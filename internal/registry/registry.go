package registry

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Peppers give the server keys that digests of generated secrets are made with.
type Peppers interface {
	Pepper() (id string, pepper []byte)
	PepperOf(id string) []byte // nil when unknown
}

// Options make a Registry. All but Lease, Declared, Schemes and Algorithms are required.
type Options struct {
	Store   store.Clients
	Peppers Peppers
	Hasher  *secret.Hasher
	Now     func() time.Time // must carry the monotonic clock, as time.Now does
	Lease   time.Duration    // how long a confirmation of the version counts; 1 s
	// Declared are the scopes that clients may be registered for; nil: all are.
	Declared *oauth.Declared
	// Schemes are the private-use schemes without a dot that redirect URIs may have.
	Schemes []string
	// Algorithms are those that there are signing keys for; nil: every one that is known.
	Algorithms []string
	// Served are the values that a client may be registered with; an empty list stands for that of clientmeta.Core.
	Served clientmeta.Served
}

// Registry is the daemon's view of the registered clients. It is safe for concurrent use.
type Registry struct {
	o          Options
	memory     *memory
	remembered *remembered
	hashing    singleflight.Group
	costs      costs
	learned    atomic.Uint64 // the version of the clients whose costs are known
}

// New makes a Registry with nothing in memory.
func New(o Options) *Registry {
	if o.Lease == 0 {
		o.Lease = time.Second
	}
	core := clientmeta.Core()
	if o.Served.AuthMethods == nil {
		o.Served.AuthMethods = core.AuthMethods
	}
	if o.Served.GrantTypes == nil {
		o.Served.GrantTypes = core.GrantTypes
	}
	if o.Served.Algorithms == nil {
		o.Served.Algorithms = core.Algorithms
	}
	return &Registry{o: o, memory: newMemory(o), remembered: newRemembered(o.Now)}
}

// Client looks a client up; store.Absent when it is not registered, any other error means "could
// not ask". The slices and maps of the answer are shared and must not be changed.
func (r *Registry) Client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	if !wellFormed(id) {
		return oauth.Client{}, store.Absent // it cannot be registered: nobody is asked
	}
	return r.memory.client(ctx, id)
}

// Stored reads a client from the store, past the memory; store.Absent when it is not registered.
func (r *Registry) Stored(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	return r.o.Store.Get(ctx, id)
}

// Lease returns how long another replica may serve a client from memory after it was changed here.
func (r *Registry) Lease() time.Duration { return r.o.Lease }

// watchEvery is how often Watch asks: several times within a lease, so that hardly a request finds
// it run out.
const watchEvery = 250 * time.Millisecond

// Watch keeps the lease alive until ctx ends, so that requests need not.
func (r *Registry) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		// An error is no news: the lease runs out by itself, and the next lookup asks and tells.
		_ = r.memory.confirm(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// attempts bound how often a change is made again because somebody else was faster.
const attempts = 8

// Change reads a client from the store, lets edit change it, checks the result as at registration
// and stores it. edit may be called several times, when others change the same client. Its errors
// are passed on; store.Absent when the client is not registered.
func (r *Registry) Change(ctx context.Context, id oauth.ClientID, edit func(*oauth.Client) error) (oauth.Client, error) {
	for range attempts {
		before, err := r.o.Store.Get(ctx, id)
		if err != nil {
			return oauth.Client{}, err
		}
		changed := before
		if err := edit(&changed); err != nil {
			return oauth.Client{}, err
		}
		now := r.o.Now()
		changed.ID, changed.Created, changed.Revision, changed.Updated = before.ID, before.Created, before.Revision, now
		changed.Secrets = stillValid(changed.Secrets, now)
		if err := r.check(changed); err != nil {
			return oauth.Client{}, err
		}
		if err := r.checkAdded(changed, before); err != nil {
			return oauth.Client{}, err
		}
		changed.Revision, err = r.put(ctx, changed)
		if errors.Is(err, store.Conflict) {
			continue
		}
		return changed, err
	}
	return oauth.Client{}, store.Conflict
}

func (r *Registry) put(ctx context.Context, c oauth.Client) (uint64, error) {
	defer r.memory.forget() // even after an error: the change may have been made
	return r.o.Store.Put(ctx, c)
}

// Delete removes a client; store.Absent when it was not registered. Ending its tokens is the
// business of token revocation.
func (r *Registry) Delete(ctx context.Context, id oauth.ClientID) error {
	defer r.memory.forget()
	return r.o.Store.Delete(ctx, id)
}

// Epoch is the time before which nothing counts, no older than a lease; zero when it was never raised.
// The error means "could not ask".
func (r *Registry) Epoch(ctx context.Context) (time.Time, error) { return r.memory.notBefore(ctx) }

// RaiseEpoch moves the epoch forward to a time; it never goes back. The other replicas see it within a
// lease.
func (r *Registry) RaiseEpoch(ctx context.Context, before time.Time) error {
	defer r.memory.forget() // even after an error: the change may have been made
	return r.o.Store.RaiseEpoch(ctx, before)
}

// List pages through the clients by id: those after the cursor, at most limit.
func (r *Registry) List(ctx context.Context, after oauth.ClientID, limit int) ([]oauth.Client, error) {
	ids, err := r.o.Store.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	found := make([]*oauth.Client, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, id := range ids {
		group.Go(func() error {
			c, err := r.o.Store.Get(ctx, id)
			if errors.Is(err, store.Absent) {
				return nil // deleted since
			}
			found[i] = &c
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	clients := make([]oauth.Client, 0, len(found))
	for _, c := range found {
		if c != nil {
			clients = append(clients, *c)
		}
	}
	return clients, nil
}
