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
	Subject Limit // by the target of a guess: a user name, a client id
	Address Limit // by the network of the caller
}

// Limit is a rate and its name.
type Limit struct {
	Rule Rule
	Rate Rate
}

// Guard keeps guesses at a password or secret within their budgets. A guess is counted before it is checked,
// and only a few are checked at a time, so that callers with the right password are not refused because of
// one another. It is safe for concurrent use; a nil Guard limits nothing.
type Guard struct {
	o       GuardOptions
	subject *keyedSemaphore
	address *keyedSemaphore
	refunds refunds
}

// How many guesses of one kind a daemon checks at a time. The numbers stay well below the budgets: a guess
// counts as a wrong one until it was checked.
const (
	maxConcurrentBySubject = 2
	maxConcurrentByAddress = 16
)

// attemptBytes is the length of the random name of an attempt: no other in its window has the same.
const attemptBytes = 9

// NewGuard makes a Guard.
func NewGuard(o GuardOptions) *Guard {
	return &Guard{o: o, subject: newKeyedSemaphore(maxConcurrentBySubject), address: newKeyedSemaphore(maxConcurrentByAddress)}
}

// Attempt is one guess that may be checked. Exactly one of Passed, Failed and Cancel ends it.
type Attempt struct {
	guard   *Guard
	name    store.Attempt // new each time it is counted
	release []func()      // of the semaphores
	budgets []store.Budget
	trials  []store.Trial
	limits  []Limit
}

// Begin waits for its turn and counts a guess at subject, or refuses it: slow_down with *LimitError as the
// cause when a budget is spent, "try again" (503) when the store does not answer. It fails closed: otherwise
// taking Redis down would bypass the lockout. Of any number of concurrent guesses, at all daemons together, no
// more begin than the budgets have left. The address is that of the request.
func (g *Guard) Begin(ctx context.Context, subject string) (*Attempt, error) {
	a := &Attempt{guard: g}
	if g == nil {
		return a, nil
	}
	for _, one := range []struct {
		limit     Limit
		semaphore *keyedSemaphore
		name      string
	}{{g.o.Subject, g.subject, subject}, {g.o.Address, g.address, networkOf(ctx)}} {
		if one.limit.Rate.Off() || one.name == "" {
			continue
		}
		key := keyOf(one.limit.Rule, one.name)
		release, err := one.semaphore.acquire(ctx, key)
		if err != nil {
			a.end()
			return nil, oauth.Unavailable(err)
		}
		a.release = append(a.release, release)
		a.limits = append(a.limits, one.limit)
		a.budgets = append(a.budgets, store.Budget{Key: key, Attempts: one.limit.Rate.Count, Window: one.limit.Rate.Per})
	}
	if err := a.count(ctx); err != nil {
		a.end()
		return nil, err
	}
	return a, nil
}

// count counts the guess, once more when pending refunds may have caused the refusal.
func (a *Attempt) count(ctx context.Context) error {
	refusal, err := a.try(ctx)
	if refusal != nil && a.guard.refunded(ctx, a.budgets) {
		refusal, err = a.try(ctx)
	}
	if refusal != nil {
		a.guard.o.Events.Emit(ctx, event.LimitHit{Rule: string(refusal.Rule)})
		return refuse(refusal)
	}
	return err
}

// try counts the guess against every budget. When one budget refuses it, the others get a refund; when the
// store does not answer, all do: each may have counted it.
func (a *Attempt) try(ctx context.Context) (*LimitError, error) {
	if len(a.budgets) == 0 {
		return nil, nil
	}
	a.name = store.Attempt(secret.NewToken(attemptBytes))
	var err error
	if a.trials, err = a.guard.o.Store.Try(ctx, a.name, a.budgets, a.guard.o.Now()); err != nil {
		a.guard.refundLater(a.name, a.budgets...)
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
		a.refund(ctx, counted...)
	}
	return refusal, nil
}

// Passed ends a guess that was right, and clears the failures of the subject. Those of the address stay:
// otherwise an attacker with one valid password could use it now and then to guess at all others.
func (a *Attempt) Passed(ctx context.Context) {
	defer a.end()
	for i, budget := range a.budgets {
		if a.limits[i].Rule == a.guard.o.Subject.Rule && a.guard.o.Store.Clear(context.WithoutCancel(ctx), budget.Key) == nil {
			continue
		}
		// Also when the failures could not be cleared: then at least this guess does not count.
		a.refund(ctx, budget)
	}
}

// Failed ends a guess that was wrong, and emits locked, completed by the rule, when this guess locked the
// subject or the address.
func (a *Attempt) Failed(ctx context.Context, locked event.LockedOut) {
	defer a.end()
	for i, trial := range a.trials {
		if trial.Last {
			locked.Rule = string(a.limits[i].Rule)
			a.guard.o.Events.Emit(ctx, locked)
		}
	}
}

// Cancel ends a guess that the server could not check, and refunds it.
func (a *Attempt) Cancel(ctx context.Context) {
	defer a.end()
	a.refund(ctx, a.budgets...)
}

// refund takes this attempt back off some budgets, now or as soon as the store answers again.
func (a *Attempt) refund(ctx context.Context, budgets ...store.Budget) {
	if len(budgets) == 0 {
		return
	}
	counted := make([]store.Counted, len(budgets))
	for i, b := range budgets {
		counted[i] = store.Counted{Key: b.Key, Attempt: a.name}
	}
	if a.guard.o.Store.Return(context.WithoutCancel(ctx), counted...) != nil {
		a.guard.refundLater(a.name, budgets...)
	}
}

// end lets the next guesses begin.
func (a *Attempt) end() {
	for _, release := range a.release {
		release()
	}
	a.release, a.budgets, a.trials = nil, nil, nil
}

// Unlock clears the wrong guesses at a subject.
func (g *Guard) Unlock(ctx context.Context, subject string) error {
	if g == nil || g.o.Subject.Rate.Off() {
		return nil
	}
	if err := g.o.Store.Clear(ctx, keyOf(g.o.Subject.Rule, subject)); err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

// Locked returns the time until which a subject is locked; zero when it is not.
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

// Hit returns the limit that caused a refusal; nil when the refusal has another cause.
func Hit(err error) *LimitError {
	var exceeded *LimitError
	if errors.As(err, &exceeded) {
		return exceeded
	}
	return nil
}
