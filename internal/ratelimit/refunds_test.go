package ratelimit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
)

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
