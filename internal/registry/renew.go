package registry

import (
	"context"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// renew replaces the hash of a secret that has just matched by one of the current scheme and cost, so that hashes
// of other servers and earlier settings are replaced at the client's first request. After an error the old hash
// stays, and the client is accepted.
func (r *Registry) renew(ctx context.Context, c oauth.Client, s oauth.Secret, shown string) {
	if r.o.Hasher.Current(s.Hash) {
		return
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	hash, err := r.o.Hasher.Hash(ctx, shown)
	if err != nil {
		return
	}
	_, _ = r.Change(ctx, c.ID, func(c *oauth.Client) error { // an error leaves the hash as it is
		secrets := append([]oauth.Secret(nil), c.Secrets...)
		for i := range secrets {
			if secrets[i].ID == s.ID && secrets[i].Hash == s.Hash {
				secrets[i].Scheme, secrets[i].Hash = oauth.SchemeArgon2id, hash
				c.Secrets = secrets
				return nil
			}
		}
		return store.Conflict
	})
}

// costs remembers how long one check of a slow hash takes, by the parameters of the hash. It keeps the shortest
// duration that was measured: that of a check without a queue.
type costs struct {
	mu   sync.Mutex
	took map[string]time.Duration
}

// maxCosts bounds the memory. So many different parameters are a mistake.
const maxCosts = 64

func (c *costs) add(hash string, took time.Duration) {
	name := secret.CostOf(hash)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.took == nil {
		c.took = map[string]time.Duration{}
	}
	earlier, known := c.took[name]
	if name == "" || !known && len(c.took) >= maxCosts || known && earlier <= took {
		return
	}
	c.took[name] = took
}

func (c *costs) knows(hash string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.took[secret.CostOf(hash)]
	return known
}

// SlowestCheck returns how long the check of the slowest known hash of any client takes; zero when no client has a
// slow hash. Every refusal must take that long, for registered and unknown clients alike: otherwise its duration
// would reveal which client ids exist.
func (r *Registry) SlowestCheck() time.Duration {
	r.costs.mu.Lock()
	defer r.costs.mu.Unlock()
	var slowest time.Duration
	for _, took := range r.costs.took {
		slowest = max(slowest, took)
	}
	return slowest
}

// learnCost measures the check of a hash whose parameters are new.
func (r *Registry) learnCost(ctx context.Context, s oauth.Secret) {
	if s.Scheme == oauth.SchemeDigest || r.costs.knows(s.Hash) {
		return
	}
	start := r.o.Now()
	if _, err := r.o.Hasher.Verify(ctx, s.Hash, "what nobody has"); err == nil {
		r.costs.add(s.Hash, r.o.Now().Sub(start))
	}
}

// LearnCosts measures the hashes of all clients whose parameters are new. It reads the clients only when one has
// changed since the last call. After an error call it again later.
func (r *Registry) LearnCosts(ctx context.Context) error {
	const page = 100
	version, err := r.o.Lease.Version(ctx)
	if err != nil || version == r.learned.Load() {
		return err
	}
	var after oauth.ClientID
	for {
		clients, err := r.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, c := range clients {
			for _, s := range c.Secrets {
				r.learnCost(ctx, s)
			}
		}
		if len(clients) < page {
			r.learned.Store(version)
			return ctx.Err()
		}
		after = clients[len(clients)-1].ID
	}
}
