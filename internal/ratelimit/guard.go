package ratelimit

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
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
	debts   debts
}

// How many guesses of one kind a daemon makes at a time. They stay well below the budgets: a guess
// that is being made counts as a wrong one until it is known.
const (
	atOnceSubject = 2
	atOnceAddress = 16
)

// attemptBytes is how much chance the name of an attempt holds: no other in its window has the same.
const attemptBytes = 9

// NewGuard makes a Guard.
func NewGuard(o GuardOptions) *Guard {
	return &Guard{o: o, subject: newTurns(atOnceSubject), address: newTurns(atOnceAddress)}
}

// Attempt is one guess that may be made. Exactly one of its methods ends it.
type Attempt struct {
	guard   *Guard
	name    store.Attempt // new whenever it is counted
	leave   []func()
	budgets []store.Budget
	trials  []store.Trial
	limits  []Limit
}

// Begin waits for a turn and counts a guess at subject, or refuses it: slow_down with *LimitError as
// its cause when a budget is spent, "try again" (503) when the store cannot be asked, for a lock that
// can be lifted by breaking the store is none. The caller's address is that of the request.
func (g *Guard) Begin(ctx context.Context, subject string) (*Attempt, error) {
	a := &Attempt{guard: g}
	if g == nil {
		return a, nil
	}
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
		a.budgets = append(a.budgets, store.Budget{Key: key, Attempts: one.limit.Rate.Count, Window: one.limit.Rate.Per})
	}
	if err := a.count(ctx); err != nil {
		a.end()
		return nil, err
	}
	return a, nil
}

// count asks the store, and once more when what refused the guess may be what is owed.
func (a *Attempt) count(ctx context.Context) error {
	refusal, err := a.try(ctx)
	if refusal != nil && a.guard.settled(ctx, a.budgets) {
		refusal, err = a.try(ctx)
	}
	if refusal != nil {
		a.guard.o.Events.Emit(ctx, event.LimitHit{Rule: string(refusal.Rule)})
		return refuse(refusal)
	}
	return err
}

// try gives what one budget refuses back to the other; when the store does not answer, to both, for
// each may have counted it.
func (a *Attempt) try(ctx context.Context) (*LimitError, error) {
	if len(a.budgets) == 0 {
		return nil, nil
	}
	a.name = store.Attempt(secret.NewToken(attemptBytes))
	var err error
	if a.trials, err = a.guard.o.Store.Try(ctx, a.name, a.budgets, a.guard.o.Now()); err != nil {
		a.guard.owe(a.name, a.budgets...)
		return nil, oauth.Unavailable(err)
	}
	var refusal *LimitError
	var counted []store.Budget
	for i, trial := range a.trials {
		switch {
		case trial.Allowed:
			counted = append(counted, a.budgets[i])
		case refusal == nil || trial.Wait > refusal.Wait:
			refusal = &LimitError{Rule: a.limits[i].Rule, Rate: a.limits[i].Rate, Wait: trial.Wait}
		}
	}
	if refusal != nil {
		a.giveBack(ctx, counted...)
	}
	return refusal, nil
}

// Passed ends a guess that was right: the subject's failures are forgotten. Those of the address are
// not: who knows one password could guess at all others by using it now and then.
func (a *Attempt) Passed(ctx context.Context) {
	defer a.end()
	for i, budget := range a.budgets {
		if a.limits[i].Rule == a.guard.o.Subject.Rule && a.guard.o.Store.Clear(context.WithoutCancel(ctx), budget.Key) == nil {
			continue
		}
		// Also when the failures could not be forgotten: then this guess is none of them at least.
		a.giveBack(ctx, budget)
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
	a.giveBack(ctx, a.budgets...)
}

// giveBack gives this attempt back to some budgets, now or as soon as the store can be asked.
func (a *Attempt) giveBack(ctx context.Context, budgets ...store.Budget) {
	if len(budgets) == 0 {
		return
	}
	counted := make([]store.Counted, len(budgets))
	for i, b := range budgets {
		counted[i] = store.Counted{Key: b.Key, Attempt: a.name}
	}
	if a.guard.o.Store.Return(context.WithoutCancel(ctx), counted...) != nil {
		a.guard.owe(a.name, budgets...)
	}
}

// end lets the next guess begin.
func (a *Attempt) end() {
	for _, leave := range a.leave {
		leave()
	}
	a.leave, a.budgets, a.trials = nil, nil, nil
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
