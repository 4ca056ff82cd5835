package ratelimit

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options make a Limiter. All but FailClosed are required.
type Options struct {
	Store  store.Limits
	Events event.Sink
	Now    func() time.Time // must carry the monotonic clock, as time.Now does
	Rates  map[Rule]Rate    // a rule that is missing limits nothing
	// FailClosed refuses requests with "try again" (503) while the store does not answer and no permits are
	// left. Otherwise such requests pass: a rate keeps load away, it does not protect a secret.
	FailClosed bool
}

// Limiter keeps requests within their rates, all daemons together. It is safe for concurrent use; a nil
// Limiter limits nothing.
type Limiter struct {
	o       Options
	permits *memo.Map[caller, *permits]
}

// caller is the owner of permits: a network or a client, under one rule.
type caller struct {
	rule Rule
	name string
}

// maxCallers bounds the memory: a flood of addresses costs round trips, not memory.
const maxCallers = 20_000

// New makes a Limiter that holds no permits.
func New(o Options) *Limiter {
	return &Limiter{o: o, permits: memo.NewMap[caller](memo.Options[*permits]{
		Limit: maxCallers,
		// The permits of an evicted caller are lost to it, so that no rate is exceeded.
		Idle: func(p *permits) bool { return p.idle(o.Now()) },
	})}
}

// On reports whether a rule limits callers that have no limit of their own.
func (l *Limiter) On(rule Rule) bool { return l != nil && !l.o.Rates[rule].Off() }

// Address counts a request by its network. A refusal is slow_down with *LimitError as its cause.
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

// Client counts a request of an authenticated client. The client's own limit (oauth.Client.RequestsPerMinute)
// replaces the rate of the rule. A refusal is that of Address.
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
	wait, err := l.permits.GetOrPut(who, newPermits).spend(ctx, l.o.Now, func(ctx context.Context, want int, now time.Time) (store.Permits, error) {
		b := store.Bucket{Key: keyOf(who.rule, who.name), Permits: rate.Count, Per: rate.Per}
		return l.o.Store.Take(ctx, b, want, now)
	}, rate)
	switch {
	case err != nil && (l.o.FailClosed || ctx.Err() != nil):
		return oauth.Unavailable(err)
	case wait > 0:
		l.o.Events.Emit(ctx, event.LimitHit{Rule: string(who.rule), Client: client})
		return refuse(&LimitError{Rule: who.rule, Rate: rate, Wait: wait})
	}
	return nil
}
