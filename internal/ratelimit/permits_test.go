package ratelimit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// gated grants every permit, one call at a time when the test lets it through.
type gated struct {
	store.Limits
	asked chan int      // how much is wanted
	pass  chan struct{} // one a question
}

func (g gated) Take(_ context.Context, _ store.Bucket, want int, _ time.Time) (store.Permits, error) {
	g.asked <- want
	<-g.pass
	return store.Permits{Granted: want}, nil
}

// A busy caller's next batch is fetched while the last one is spent: nobody waits for it.
func TestTheNextBatchIsFetchedAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gated{asked: make(chan int, 100), pass: make(chan struct{}, 100)}
		l := ratelimit.New(ratelimit.Options{
			Store: g, Events: &facts{}, Now: time.Now, // which stands still in here
			Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000, Per: time.Minute}},
		})
		request := func() {
			t.Helper()
			if err := l.Client(t.Context(), ratelimit.Token, oauth.Client{ID: "busy"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		batch := 0
		for batch < 64 { // it grows as it is needed
			g.pass <- struct{}{}
			for len(g.asked) == 0 {
				request()
			}
			batch = <-g.asked
		}
		for len(g.asked) == 0 { // from here on nothing more is let through
			request()
		}
		for range batch / 8 {
			request() // without waiting
		}
		if want := <-g.asked; want != 2*batch {
			t.Errorf("after %d the next batch is %d", batch, want)
		}
		g.pass <- struct{}{}
	})
}

// slow answers late, a few times.
type slow struct {
	store.Limits
	asked  int
	answer store.Permits
	err    error
}

const late = 1500 * time.Millisecond // longer than permits are kept, and than a silent store is left alone

func (s *slow) Take(context.Context, store.Bucket, int, time.Time) (store.Permits, error) {
	s.asked++
	if s.asked > 5 {
		return store.Permits{Granted: 1}, nil // so that the test ends
	}
	time.Sleep(late)
	return s.answer, s.err
}

// A store that answers late is asked once for a request, whatever it says.
func TestALateAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  store.Permits
		err     error
		refused bool
	}{
		"permits":   {answer: store.Permits{Granted: 1}},
		"none left": {answer: store.Permits{Wait: 100 * time.Millisecond}, refused: true},
		"no answer": {err: errAway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &slow{answer: c.answer, err: c.err}
				l := ratelimit.New(ratelimit.Options{
					Store: s, Events: &facts{}, Now: time.Now,
					Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 10, Per: time.Minute}},
				})
				err := l.Client(t.Context(), ratelimit.Token, oauth.Client{ID: "x"})
				if s.asked != 1 || (ratelimit.Hit(err) != nil) != c.refused || !c.refused && err != nil {
					t.Errorf("asked %d times, then %v", s.asked, err)
				}
			})
		})
	}
}
