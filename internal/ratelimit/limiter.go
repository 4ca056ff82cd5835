package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options make a Limiter. All but DenyBlind are required.
type Options struct {
	Store  store.Limits
	Events event.Sink
	Now    func() time.Time // must carry the monotonic clock, as time.Now does
	Rates  map[Rule]Rate    // a rule that is missing limits nothing
	// DenyBlind answers "try again" (503) while the store cannot be asked and nothing is left of what
	// was taken before. Otherwise requests pass then: a rate keeps load away, it protects no secret.
	DenyBlind bool
}

// Limiter keeps the rates. It is safe for concurrent use; a nil Limiter limits nothing.
type Limiter struct {
	o Options

	mu     sync.RWMutex
	leases map[caller]*lease
}

// caller is whose permits are counted.
type caller struct {
	rule Rule
	who  string
}

// maxLeases bounds the memory for callers: a flood of addresses costs round trips, not memory.
const maxLeases = 20_000

// New makes a Limiter that holds no permits.
func New(o Options) *Limiter { return &Limiter{o: o, leases: map[caller]*lease{}} }

// On tells whether a rule limits anybody who has no limit of their own.
func (l *Limiter) On(rule Rule) bool { return l != nil && !l.o.Rates[rule].Off() }

// Address lets a request pass by the address it comes from. A refusal is slow_down with *LimitError as
// its cause.
func (l *Limiter) Address(ctx context.Context, rule Rule) error {
	if !l.On(rule) {
		return nil
	}
	network := networkOf(ctx)
	if network == "" {
		return nil
	}
	return l.pass(ctx, caller{rule, network}, l.o.Rates[rule], "")
}

// Client lets a request of an authenticated client pass. A limit of the client's own goes before the
// rule's: see oauth.Client.RequestsPerMinute.
func (l *Limiter) Client(ctx context.Context, rule Rule, c oauth.Client) error {
	if l == nil {
		return nil
	}
	rate := l.o.Rates[rule]
	if c.RequestsPerMinute != 0 {
		rate = Rate{Count: c.RequestsPerMinute, Per: time.Minute}
	}
	if rate.Off() {
		return nil
	}
	return l.pass(ctx, caller{rule, string(c.ID)}, rate, c.ID)
}

func (l *Limiter) pass(ctx context.Context, who caller, rate Rate, client oauth.ClientID) error {
	wait, err := l.lease(who).spend(ctx, l.o.Now, func(ctx context.Context, want int, now time.Time) (store.Permits, error) {
		b := store.Bucket{Key: keyOf(who.rule, who.who), Permits: rate.Count, Per: rate.Per}
		return l.o.Store.Take(ctx, b, want, now)
	}, rate)
	switch {
	case err != nil && (l.o.DenyBlind || ctx.Err() != nil):
		return oauth.Unavailable(err)
	case wait > 0:
		l.o.Events.Emit(ctx, event.LimitHit{Rule: string(who.rule), Client: client})
		return refuse(&LimitError{Rule: who.rule, Rate: rate, Wait: wait})
	}
	return nil
}

// lease gives the permits of a caller; empty ones when nobody has asked for them lately.
func (l *Limiter) lease(who caller) *lease {
	l.mu.RLock()
	found := l.leases[who]
	l.mu.RUnlock()
	if found != nil {
		return found
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	found = l.leases[who]
	if found != nil {
		return found
	}
	if len(l.leases) >= maxLeases {
		l.forgetSome()
	}
	found = &lease{}
	l.leases[who] = found
	return found
}

// forgetSome makes room: of a few callers those that hold nothing, or else any one. What a forgotten
// one held is lost to it, which is the safe side.
func (l *Limiter) forgetSome() {
	const looked = 64
	now, n := l.o.Now(), 0
	for who, one := range l.leases { // the order of a map is random
		if one.idle(now) {
			delete(l.leases, who)
		}
		n++
		if n >= looked {
			if len(l.leases) >= maxLeases {
				delete(l.leases, who)
			}
			return
		}
	}
}
