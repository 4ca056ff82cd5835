package ratelimit

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// GuardOptions make a Guard. A Rate that is off counts nothing.
type GuardOptions struct {
	Store   store.Limits
	Events  event.Sink
	Now     func() time.Time
	Subject Limit // of what is guessed at: a user name, a client id
	Address Limit // of who guesses
}

// Limit is a rate and its name.
type Limit struct {
	Rule Rule
	Rate Rate
}

// Guard keeps guesses within their budgets. A guess is counted before it is made, and at most a few
// are made at a time, so that those who guess right are never refused because of one another. It is
// safe for concurrent use; a nil Guard keeps nothing.
type Guard struct {
	o       GuardOptions
	subject *turns
	address *turns
}

// How many guesses of one kind a daemon makes at a time. They stay well below the budgets: a guess
// that is being made counts as a wrong one until it is known.
const (
	atOnceSubject = 2
	atOnceAddress = 16
)

// NewGuard makes a Guard.
func NewGuard(o GuardOptions) *Guard {
	return &Guard{o: o, subject: newTurns(atOnceSubject), address: newTurns(atOnceAddress)}
}

// Attempt is one guess that may be made. Exactly one of its methods ends it.
type Attempt struct {
	guard  *Guard
	leave  []func()
	trials []store.Trial
	limits []Limit
}

// Begin waits for a turn and counts a guess at subject, or refuses it: slow_down with *LimitError as
// its cause when a budget is spent, "try again" (503) when the store cannot be asked, for a lock that
// can be lifted by breaking the store is none. The caller's address is that of the request.
func (g *Guard) Begin(ctx context.Context, subject string) (*Attempt, error) {
	a := &Attempt{guard: g}
	if g == nil {
		return a, nil
	}
	var budgets []store.Budget
	for _, one := range []struct {
		limit Limit
		turns *turns
		who   string
	}{{g.o.Subject, g.subject, subject}, {g.o.Address, g.address, networkOf(ctx)}} {
		if one.limit.Rate.Off() || one.who == "" {
			continue
		}
		key := keyOf(one.limit.Rule, one.who)
		leave, err := one.turns.enter(ctx, key)
		if err != nil {
			a.end()
			return nil, oauth.Unavailable(err)
		}
		a.leave = append(a.leave, leave)
		a.limits = append(a.limits, one.limit)
		budgets = append(budgets, store.Budget{Key: key, Attempts: one.limit.Rate.Count, Window: one.limit.Rate.Per})
	}
	if err := a.count(ctx, budgets); err != nil {
		a.end()
		return nil, err
	}
	return a, nil
}

// count asks the store. What one budget refuses is given back to the other.
func (a *Attempt) count(ctx context.Context, budgets []store.Budget) error {
	if len(budgets) == 0 {
		return nil
	}
	var err error
	if a.trials, err = a.guard.o.Store.Try(ctx, budgets, a.guard.o.Now()); err != nil {
		return oauth.Unavailable(err)
	}
	var refusal *LimitError
	var counted []store.Trial
	for i, trial := range a.trials {
		switch {
		case trial.Allowed:
			counted = append(counted, trial)
		case refusal == nil || trial.Wait > refusal.Wait:
			refusal = &LimitError{Rule: a.limits[i].Rule, Rate: a.limits[i].Rate, Wait: trial.Wait}
		}
	}
	if refusal == nil {
		return nil
	}
	a.giveBack(ctx, counted...)
	a.guard.o.Events.Emit(ctx, event.LimitHit{Rule: string(refusal.Rule)})
	return refuse(refusal)
}

// Passed ends a guess that was right: the subject's failures are forgotten. Those of the address are
// not: who knows one password could guess at all others by using it now and then.
func (a *Attempt) Passed(ctx context.Context) {
	defer a.end()
	for i, trial := range a.trials {
		if a.limits[i].Rule == a.guard.o.Subject.Rule {
			// An error leaves a count that is too high, which runs out by itself.
			_ = a.guard.o.Store.Clear(context.WithoutCancel(ctx), trial.Key)
			continue
		}
		a.giveBack(ctx, trial)
	}
}

// Failed ends a guess that was wrong. fact says what is known of the subject, for the case that this
// guess locked it.
func (a *Attempt) Failed(ctx context.Context, fact event.LockedOut) {
	defer a.end()
	for i, trial := range a.trials {
		if trial.Last {
			fact.Rule = string(a.limits[i].Rule)
			a.guard.o.Events.Emit(ctx, fact)
		}
	}
}

// Unmade ends a guess that was not made because the server could not.
func (a *Attempt) Unmade(ctx context.Context) {
	defer a.end()
	a.giveBack(ctx, a.trials...)
}

// giveBack may fail: then a count is too high, which runs out by itself.
func (a *Attempt) giveBack(ctx context.Context, trials ...store.Trial) {
	if len(trials) > 0 {
		_ = a.guard.o.Store.Return(context.WithoutCancel(ctx), trials...)
	}
}

// end lets the next guess begin.
func (a *Attempt) end() {
	for _, leave := range a.leave {
		leave()
	}
	a.leave, a.trials = nil, nil
}

// Unlock forgets the wrong guesses at a subject.
func (g *Guard) Unlock(ctx context.Context, subject string) error {
	if g == nil || g.o.Subject.Rate.Off() {
		return nil
	}
	if err := g.o.Store.Clear(ctx, keyOf(g.o.Subject.Rule, subject)); err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

// Locked tells until when a subject is locked; zero when it is not.
func (g *Guard) Locked(ctx context.Context, subject string) (time.Time, error) {
	if g == nil || g.o.Subject.Rate.Off() {
		return time.Time{}, nil
	}
	until, err := g.o.Store.Locked(ctx, keyOf(g.o.Subject.Rule, subject), g.o.Now())
	if err != nil {
		return time.Time{}, oauth.Unavailable(err)
	}
	return until, nil
}

// Hit gives the limit that a refusal is about; nil when it is about something else.
func Hit(err error) *LimitError {
	var exceeded *LimitError
	if errors.As(err, &exceeded) {
		return exceeded
	}
	return nil
}
