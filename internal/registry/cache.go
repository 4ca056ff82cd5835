package registry

import (
	"context"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// maxClients bounds the cache.
const maxClients = 10_000

// cache holds clients, each with the generation that was confirmed before it was read: a change that the read
// misses begins a later generation, and then the client is read again. Ids that are not registered are never
// cached: made-up ids would evict the real ones.
type cache struct {
	store   store.Clients
	lease   *freshness.Lease
	clients *memo.Map[oauth.ClientID, *cached]
	reads   memo.Reads[oauth.Client]
}

type cached struct {
	client oauth.Client
	at     freshness.Generation
}

func newCache(o Options) *cache {
	return &cache{
		store: o.Store, lease: o.Lease,
		clients: memo.NewMap[oauth.ClientID](memo.Options[*cached]{Limit: maxClients}),
	}
}

func (m *cache) client(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	at, err := m.lease.Generation(ctx)
	if err != nil {
		return oauth.Client{}, err
	}
	if found, ok := m.clients.Get(id); ok && found.at == at {
		return found.client, nil
	}
	return m.fetch(ctx, id, at)
}

func (m *cache) fetch(ctx context.Context, id oauth.ClientID, at freshness.Generation) (oauth.Client, error) {
	key := strconv.FormatUint(uint64(at), 36) + " " + string(id)
	return m.reads.Do(ctx, key, func(ctx context.Context) (oauth.Client, error) {
		c, err := m.store.Get(ctx, id)
		if err == nil {
			m.clients.Put(id, &cached{client: c, at: at})
		}
		return c, err
	})
}
