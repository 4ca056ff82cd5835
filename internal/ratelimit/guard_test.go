package ratelimit_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const ofSubject, ofAddress = 5, 60

func guard(s store.Limits, now *clock, events event.Sink) *ratelimit.Guard {
	return ratelimit.NewGuard(ratelimit.GuardOptions{
		Store: s, Events: events, Now: now.now,
		Subject: ratelimit.Limit{Rule: ratelimit.LoginFailures, Rate: ratelimit.Rate{Count: ofSubject, Per: 10 * time.Minute}},
		Address: ratelimit.Limit{Rule: ratelimit.LoginFailuresIP, Rate: ratelimit.Rate{Count: ofAddress, Per: 10 * time.Minute}},
	})
}

// guess makes one guess; false when it was refused.
func guess(ctx context.Context, t *testing.T, g *ratelimit.Guard, subject string, right bool) bool {
	t.Helper()
	a, err := g.Begin(ctx, subject)
	switch {
	case ratelimit.Hit(err) != nil:
		return false
	case err != nil:
		t.Errorf("begin: %v", err)
	case right:
		a.Passed(ctx)
	default:
		a.Failed(ctx, event.LockedOut{User: "u"})
	}
	return true
}

// W07: two hundred wrong passwords at once, at two daemons, spend exactly the budget.
func TestW07_ParallelGuessesSpendExactlyTheBudget(t *testing.T) {
	t.Parallel()
	s, now, events := open(t), newClock(), &facts{}
	daemons := []*ratelimit.Guard{guard(s, now, events), guard(s, now, events)}
	var made atomic.Int64
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			ctx := from(t.Context(), fmt.Sprintf("192.0.2.%d", i)) // each from elsewhere
			if guess(ctx, t, daemons[i%2], "alice", false) {
				made.Add(1)
			}
		})
	}
	crowd.Wait()
	if made.Load() != ofSubject {
		t.Errorf("%d guesses were made", made.Load())
	}
	if n := events.count(event.LockedOut{Rule: "login_failures", User: "u"}); n != 1 {
		t.Errorf("%d facts of a lock", n)
	}
	if n := events.count(event.LimitHit{Rule: "login_failures"}); n != 200-ofSubject {
		t.Errorf("%d facts of a refusal", n)
	}
	if guess(t.Context(), t, daemons[0], "alice", true) {
		t.Error("the right password opens a lock")
	}
	now.move(10*time.Minute + time.Second)
	if !guess(t.Context(), t, daemons[1], "alice", true) {
		t.Error("the lock outlives its time")
	}
}

// W07: one address that tries many names spends its own budget, and refusals are not held against it.
func TestW07_AnAddressThatTriesManyNames(t *testing.T) {
	t.Parallel()
	s, now, events := open(t), newClock(), &facts{}
	daemons := []*ratelimit.Guard{guard(s, now, events), guard(s, now, events)}
	ctx := from(t.Context(), "192.0.2.1")
	for range 100 { // one locked name does not lock its neighbours
		guess(ctx, t, daemons[0], "locked", false)
	}
	var made atomic.Int64
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			if guess(ctx, t, daemons[i%2], fmt.Sprint("name ", i), false) {
				made.Add(1)
			}
		})
	}
	crowd.Wait()
	if made.Load() != ofAddress-ofSubject {
		t.Errorf("%d guesses were made, want %d", made.Load(), ofAddress-ofSubject)
	}
	if guess(ctx, t, daemons[0], "somebody", true) {
		t.Error("a locked address may still guess")
	}
	if !guess(from(t.Context(), "192.0.2.2"), t, daemons[0], "somebody", true) {
		t.Error("another address is locked with it")
	}
}

// However many people behind one address, or tabs of one person, sign in at once: nobody is refused
// for what is not known to be wrong yet.
func TestRightGuessesAreNeverRefused(t *testing.T) {
	t.Parallel()
	s, now, events := open(t), newClock(), &facts{}
	g, ctx := guard(s, now, events), from(t.Context(), "192.0.2.1")
	var crowd sync.WaitGroup
	for i := range 300 {
		crowd.Go(func() {
			if !guess(ctx, t, g, fmt.Sprint("name ", i%7), true) {
				t.Error("a right guess was refused")
			}
		})
	}
	crowd.Wait()
	if len(events.Emitted()) != 0 {
		t.Errorf("%v", events.Emitted())
	}
}

// W07: a valid password does not buy guesses at other accounts.
func TestW07_AnOwnAccountBuysNothing(t *testing.T) {
	t.Parallel()
	g, ctx := guard(open(t), newClock(), &facts{}), from(t.Context(), "192.0.2.1")
	made := 0
	for i := range 3 * ofAddress {
		guess(ctx, t, g, "own account", true)
		if guess(ctx, t, g, fmt.Sprint("name ", i), false) {
			made++
		}
	}
	if made != ofAddress {
		t.Errorf("%d guesses were made, want %d", made, ofAddress)
	}
}

func TestSuccessAndUnlockForget(t *testing.T) {
	t.Parallel()
	now := newClock()
	g, ctx := guard(open(t), now, &facts{}), t.Context()
	for range ofSubject - 1 {
		guess(ctx, t, g, "alice", false)
	}
	guess(ctx, t, g, "alice", true)
	for i := range ofSubject {
		if !guess(ctx, t, g, "alice", false) {
			t.Errorf("guess %d after a success was refused", i)
		}
	}
	until, err := g.Locked(ctx, "alice")
	if err != nil || until.Sub(now.now()).Round(time.Minute) != 10*time.Minute || guess(ctx, t, g, "alice", true) {
		t.Errorf("locked until %v %v", until, err)
	}
	if err := g.Unlock(ctx, "alice"); err != nil || !guess(ctx, t, g, "alice", true) {
		t.Errorf("after unlocking: %v", err)
	}
	if until, err := g.Locked(ctx, "alice"); err != nil || !until.IsZero() {
		t.Errorf("locked until %v %v", until, err)
	}
}

func TestAGuessThatWasNotMadeIsGivenBack(t *testing.T) {
	t.Parallel()
	g, ctx := guard(open(t), newClock(), &facts{}), from(t.Context(), "192.0.2.1")
	for range 3 * ofAddress {
		a, err := g.Begin(ctx, "alice")
		if err != nil {
			t.Fatal(err)
		}
		a.Cancel(ctx)
	}
	gone, leave := context.WithCancel(ctx)
	var held []*ratelimit.Attempt
	for range 2 { // as many as have a turn at a time
		a, err := g.Begin(ctx, "alice")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, a)
	}
	leave()
	if _, err := g.Begin(gone, "alice"); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
		t.Errorf("a caller who left while waiting: %v", err)
	}
	for _, a := range held {
		a.Cancel(ctx)
	}
	if !guess(ctx, t, g, "alice", true) {
		t.Error("a turn was lost")
	}
}

// A guess that could not be checked, or was right, is refunded, at whatever moment the store stops
// answering, and whether it received the call or not.
func TestAnOutageIsRefunded(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(*testing.T, *counted, *ratelimit.Guard){
		"it is away before": func(t *testing.T, s *counted, g *ratelimit.Guard) {
			s.away.Store(true)
			cancelled(t, g)
		},
		"it counts, and its answer is lost": func(t *testing.T, s *counted, g *ratelimit.Guard) {
			s.mute.Store(true)
			cancelled(t, g)
		},
		"it goes away before the guess": func(t *testing.T, s *counted, g *ratelimit.Guard) {
			a := began(t, g)
			s.away.Store(true)
			a.Cancel(t.Context())
		},
		"it gives back, and its answer is lost": func(t *testing.T, s *counted, g *ratelimit.Guard) {
			a := began(t, g)
			s.mute.Store(true)
			a.Cancel(t.Context())
		},
		"it goes away after a right guess": func(t *testing.T, s *counted, g *ratelimit.Guard) {
			a := began(t, g)
			s.away.Store(true)
			a.Passed(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, now := open(t), newClock()
			g, other := guard(s, now, &facts{}), guard(s, now, &facts{})
			ctx := from(t.Context(), "192.0.2.1")
			for range 2 * ofAddress {
				outage(t, s, g)
				s.away.Store(false)
				s.mute.Store(false)
			}
			if err := g.Refund(t.Context()); err != nil {
				t.Fatal(err)
			}
			// Exactly the whole budget is left, at every daemon: no less, and no more.
			for i := range ofSubject {
				if !guess(ctx, t, []*ratelimit.Guard{g, other}[i%2], "alice", false) {
					t.Errorf("guess %d was refused", i)
				}
			}
			if guess(ctx, t, other, "alice", true) {
				t.Error("the budget has grown")
			}
		})
	}
}

func began(t *testing.T, g *ratelimit.Guard) *ratelimit.Attempt {
	t.Helper()
	a, err := g.Begin(from(t.Context(), "192.0.2.1"), "alice")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func cancelled(t *testing.T, g *ratelimit.Guard) {
	t.Helper()
	if _, err := g.Begin(from(t.Context(), "192.0.2.1"), "alice"); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
		t.Errorf("without the store: %v", err)
	}
}

// While the store is away no refund is sent; it stays pending, and expires with its window.
func TestRefundsWaitForTheStore(t *testing.T) {
	t.Parallel()
	s, now := open(t), newClock()
	g := guard(s, now, &facts{})
	for range ofSubject {
		a := began(t, g)
		s.away.Store(true)
		a.Cancel(t.Context())
		if err := g.Refund(t.Context()); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("refunded without the store: %v", err)
		}
		s.away.Store(false)
	}
	s.away.Store(true)
	now.move(10*time.Minute + time.Second)
	if err := g.Refund(t.Context()); err != nil {
		t.Errorf("an attempt that does not count any more is still pending: %v", err)
	}
}

// W07: an outage in the middle of two hundred wrong guesses lets none of them slip through.
func TestW07_AnOutageDoesNotWidenTheBudget(t *testing.T) {
	t.Parallel()
	s, now := open(t), newClock()
	daemons := []*ratelimit.Guard{guard(s, now, &facts{}), guard(s, now, &facts{})}
	var made atomic.Int64
	var crowd sync.WaitGroup
	for i := range 200 {
		crowd.Go(func() {
			s.mute.Store(i%3 == 0)
			g := daemons[i%2]
			a, err := g.Begin(from(t.Context(), fmt.Sprintf("192.0.2.%d", i)), "alice")
			if err == nil {
				made.Add(1)
				a.Failed(t.Context(), event.LockedOut{})
			}
			if i%20 == 0 {
				_ = g.Refund(t.Context()) // the store may be away
			}
		})
	}
	crowd.Wait()
	s.mute.Store(false)
	for _, g := range daemons {
		if err := g.Refund(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; made.Load() < ofSubject && i < ofSubject; i++ {
		if guess(t.Context(), t, daemons[0], "alice", false) {
			made.Add(1)
		}
	}
	if made.Load() != ofSubject || guess(t.Context(), t, daemons[1], "alice", true) {
		t.Errorf("%d guesses were made", made.Load())
	}
}
