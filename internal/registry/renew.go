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

// renew replaces the hash of a secret that has just been shown by one of today's scheme and cost. Hashes of
// other servers and of earlier settings last until their client comes for the first time. What cannot be
// renewed stays: it is no reason to refuse the client.
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

// costs remembers how long one check of a slow hash takes, by what it costs. The shortest time that was seen
// counts, which is the one without a queue.
type costs struct {
	mu   sync.Mutex
	took map[string]time.Duration
}

// maxCosts bounds the memory. Hashes of so many different costs are somebody's mistake.
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

// SlowestCheck is how long the check of the slowest hash takes that any client is known to have; zero when
// none has a slow one. Refusals take as long for every client, registered or not, so that nobody finds out
// by the clock which client ids exist.
func (r *Registry) SlowestCheck() time.Duration {
	r.costs.mu.Lock()
	defer r.costs.mu.Unlock()
	var slowest time.Duration
	for _, took := range r.costs.took {
		slowest = max(slowest, took)
	}
	return slowest
}

// learnCost measures the check of a hash whose cost is not known yet.
func (r *Registry) learnCost(ctx context.Context, s oauth.Secret) {
	if s.Scheme == oauth.SchemeDigest || r.costs.knows(s.Hash) {
		return
	}
	start := r.o.Now()
	if _, err := r.o.Hasher.Verify(ctx, s.Hash, "what nobody has"); err == nil {
		r.costs.add(s.Hash, r.o.Now().Sub(start))
	}
}

// LearnCosts looks through all clients for hashes whose cost is not known yet. It reads the list only when
// a client changed since the last call. An error means that it was broken off; call it again later.
func (r *Registry) LearnCosts(ctx context.Context) error {
	const page = 100
	version, _, err := r.o.Store.Version(ctx)
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
