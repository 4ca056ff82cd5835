package ratelimit

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// refunds are attempts that must be taken back off a budget and could not be, because the store did not
// answer: it may count them against people that did nothing wrong. It is safe for concurrent use.
type refunds struct {
	mu      sync.Mutex
	count   int
	pending map[oauth.Digest]map[store.Attempt]time.Time // the time at which the budget stops counting it
}

const (
	maxRefunds  = 20_000 // further attempts stay counted until their window ends
	refundBatch = 500    // attempts in one call of the store
)

// refundLater keeps an attempt for as long as the budgets count it.
func (g *Guard) refundLater(name store.Attempt, budgets ...store.Budget) {
	now, r := g.o.Now(), &g.refunds
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending = map[oauth.Digest]map[store.Attempt]time.Time{}
	}
	for _, b := range budgets {
		if r.count >= maxRefunds {
			return
		}
		if r.pending[b.Key] == nil {
			r.pending[b.Key] = map[store.Attempt]time.Time{}
		}
		r.pending[b.Key][name] = now.Add(b.Window)
		r.count++
	}
}

// Refund sends the refunds that could not be sent before. The daemon calls it at intervals. After an error
// some of them are still pending. A nil Guard has none.
func (g *Guard) Refund(ctx context.Context) error {
	if g == nil {
		return nil
	}
	return g.send(ctx, g.refunds.due(g.o.Now()))
}

// refunded reports whether refunds were pending for some budgets and are sent now.
func (g *Guard) refunded(ctx context.Context, budgets []store.Budget) bool {
	keys := make([]oauth.Digest, len(budgets))
	for i, b := range budgets {
		keys[i] = b.Key
	}
	due := g.refunds.due(g.o.Now(), keys...)
	return len(due) > 0 && g.send(ctx, due) == nil
}

// send refunds attempts. Only the acknowledged ones leave the list: a refund can be repeated.
func (g *Guard) send(ctx context.Context, due []store.Counted) error {
	for batch := range slices.Chunk(due, refundBatch) {
		if err := g.o.Store.Return(ctx, batch...); err != nil {
			return oauth.Unavailable(err)
		}
		g.refunds.remove(batch)
	}
	return nil
}

// due returns the pending refunds of some keys, or all of them when no key is named, and removes those that
// the budgets do not count any more.
func (r *refunds) due(now time.Time, keys ...oauth.Digest) []store.Counted {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(keys) == 0 {
		keys = slices.Collect(maps.Keys(r.pending))
	}
	var all, expired []store.Counted
	for _, key := range keys {
		for name, until := range r.pending[key] {
			one := store.Counted{Key: key, Attempt: name}
			if now.After(until) {
				expired = append(expired, one)
			} else {
				all = append(all, one)
			}
		}
	}
	r.removeLocked(expired)
	return all
}

func (r *refunds) remove(sent []store.Counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeLocked(sent)
}

// removeLocked is called with the lock held.
func (r *refunds) removeLocked(some []store.Counted) {
	for _, one := range some {
		names := r.pending[one.Key]
		if _, there := names[one.Attempt]; !there {
			continue
		}
		r.count--
		delete(names, one.Attempt)
		if len(names) == 0 {
			delete(r.pending, one.Key)
		}
	}
}
