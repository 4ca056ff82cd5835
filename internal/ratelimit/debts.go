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

// debts are attempts that have to be given back and could not be, because the store did not answer: it
// may count them against people who did nothing wrong. It is safe for concurrent use.
type debts struct {
	mu    sync.Mutex
	count int
	owed  map[oauth.Digest]map[store.Attempt]time.Time // until when it counts
}

const (
	mostOwed   = 20_000 // what is more runs out by itself
	mostAtOnce = 500    // are given back in one go
)

// owe remembers an attempt for as long as the budgets count it.
func (g *Guard) owe(name store.Attempt, budgets ...store.Budget) {
	now, d := g.o.Now(), &g.debts
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owed == nil {
		d.owed = map[oauth.Digest]map[store.Attempt]time.Time{}
	}
	for _, b := range budgets {
		if d.count >= mostOwed {
			return
		}
		if d.owed[b.Key] == nil {
			d.owed[b.Key] = map[store.Attempt]time.Time{}
		}
		d.owed[b.Key][name] = now.Add(b.Window)
		d.count++
	}
}

// Settle gives back what could not be given back before; call it now and then. An error means that
// some of it still waits. A nil Guard owes nothing.
func (g *Guard) Settle(ctx context.Context) error {
	if g == nil {
		return nil
	}
	return g.pay(ctx, g.debts.due(g.o.Now()))
}

// settled tells whether something was owed to some budgets, and is given back now.
func (g *Guard) settled(ctx context.Context, budgets []store.Budget) bool {
	keys := make([]oauth.Digest, len(budgets))
	for i, b := range budgets {
		keys[i] = b.Key
	}
	due := g.debts.due(g.o.Now(), keys...)
	return len(due) > 0 && g.pay(ctx, due) == nil
}

// pay forgets an attempt when the store has said that it does not count it any more.
func (g *Guard) pay(ctx context.Context, due []store.Counted) error {
	for some := range slices.Chunk(due, mostAtOnce) {
		if err := g.o.Store.Return(ctx, some...); err != nil {
			return oauth.Unavailable(err)
		}
		g.debts.forget(some)
	}
	return nil
}

// due gives what is owed at some keys, or at all when none is named, and forgets what counts no more.
func (d *debts) due(now time.Time, keys ...oauth.Digest) []store.Counted {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(keys) == 0 {
		keys = slices.Collect(maps.Keys(d.owed))
	}
	var all, over []store.Counted
	for _, key := range keys {
		for name, until := range d.owed[key] {
			one := store.Counted{Key: key, Attempt: name}
			if now.After(until) {
				over = append(over, one)
			} else {
				all = append(all, one)
			}
		}
	}
	d.drop(over)
	return all
}

func (d *debts) forget(paid []store.Counted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(paid)
}

// drop is called with the lock held.
func (d *debts) drop(some []store.Counted) {
	for _, one := range some {
		names := d.owed[one.Key]
		if _, there := names[one.Attempt]; !there {
			continue
		}
		d.count--
		delete(names, one.Attempt)
		if len(names) == 0 {
			delete(d.owed, one.Key)
		}
	}
}
