package registry

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Peppers returns the server keys that digest generated secrets.
type Peppers interface {
	Pepper() (id string, pepper oauth.MACKey)
	PepperOf(id string) oauth.MACKey // nil for an unknown id
}

// Options configure a Registry. Store, Peppers, Hasher, Now and Lease are required.
type Options struct {
	Store   store.Clients
	Peppers Peppers
	Hasher  *secret.Hasher
	Now     func() time.Time // must carry the monotonic clock, as time.Now does
	Lease   *freshness.Lease // of the cache
	// Declared are the scopes that clients may have; nil allows every scope.
	Declared *oauth.Declared
	// Schemes are the private-use schemes without a dot that are allowed in redirect URIs.
	Schemes []string
	// Algorithms are those that have signing keys; nil allows every known one.
	Algorithms []string
	// Supported lists the grant types and client authentication methods that clients may be registered for. Required.
	Supported oauth.Supported
}

// Registry is the daemon's view of the registered clients. It is safe for concurrent use.
type Registry struct {
	o         Options
	served    clientmeta.Served
	cache     *cache
	hashCache *hashCache
	nobody    oauth.MACKey // of no pepper: a digest whose pepper is gone takes as long to refuse
	hashing   singleflight.Group
	costs     costs
	learned   atomic.Uint64 // the version of the clients whose costs are known
}

// New returns a Registry with an empty cache.
func New(o Options) *Registry {
	return &Registry{o: o, served: clientmeta.ServedBy(o.Supported), cache: newCache(o), hashCache: newHashCache(o.Now), nobody: secret.NewMACKey(nil)}
}

// Client returns a client, from the cache where possible. The error is store.Absent when the client is not
// registered; any other error means "could not ask". Callers must not change its slices and maps: they are
// shared.
func (r *Registry) Client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	if !WellFormed(id) {
		return oauth.Client{}, store.Absent // it cannot be registered: save the round trip
	}
	return r.cache.client(ctx, id)
}

// Stored reads a client from the store, past the cache; store.Absent when it is not registered.
func (r *Registry) Stored(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	return r.o.Store.Get(ctx, id)
}

// maxAttempts bounds how often a change is retried after a conflict with a concurrent change.
const maxAttempts = 8

// Change reads a client from the store, lets edit change it, checks the result and stores it (see checkChange). Of two concurrent changes both take effect, one after the other; edit is called again after a conflict.
// Change returns the errors of edit, store.Absent when the client is not registered, and store.Conflict after
// too many conflicts.
func (r *Registry) Change(ctx context.Context, id oauth.ClientID, edit func(*oauth.Client) error) (oauth.Client, error) {
	for range maxAttempts {
		before, changed, err := r.edited(ctx, id, edit)
		if err != nil {
			return oauth.Client{}, err
		}
		now := r.o.Now()
		changed.ID, changed.Created, changed.Revision, changed.Updated = before.ID, before.Created, before.Revision, now
		changed.Secrets = slices.Clone(stillValid(changed.Secrets, now))
		if err := r.checkChange(changed, before); err != nil {
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
	defer r.o.Lease.Invalidate() // even after an error: the change may have been made
	return r.o.Store.Put(ctx, c)
}

// Delete removes a client; store.Absent when it was not registered. The caller revokes its tokens.
func (r *Registry) Delete(ctx context.Context, id oauth.ClientID) error {
	defer r.o.Lease.Invalidate()
	return r.o.Store.Delete(ctx, id)
}

// List returns the clients after an id, in the order of their ids, at most limit. It leaves out a client that is
// deleted meanwhile.
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
