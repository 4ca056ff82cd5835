package freshness_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("connection refused")

// shelf keeps the marks in memory, counts the reads, and can be away.
type shelf struct {
	mu     sync.Mutex
	marks  store.Marks
	reads  int
	away   bool
	onRead func() // runs once, after a Read has read and before it returns
}

func (s *shelf) Read(context.Context) (store.Marks, error) {
	s.mu.Lock()
	s.reads++
	marks, away, then := s.marks, s.away, s.onRead
	s.onRead = nil
	s.mu.Unlock()
	if then != nil {
		then()
	}
	if away {
		return store.Marks{}, errAway
	}
	return marks, nil
}

func (s *shelf) RaiseEpoch(_ context.Context, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	if s.marks.Epoch.Before(before) {
		s.marks.Epoch = before
	}
	return nil
}

// change counts a change of a client.
func (s *shelf) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks.Version++
}

func (s *shelf) readsSince() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.reads
	s.reads = 0
	return n
}

// clock stands still until a test moves it.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.at }

func generation(t *testing.T, l *freshness.Lease) freshness.Generation {
	t.Helper()
	g, err := l.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func epochIs(t *testing.T, l *freshness.Lease, want time.Time) {
	t.Helper()
	if got, err := l.Epoch(t.Context()); err != nil || !got.Equal(want) {
		t.Errorf("the epoch is %v, %v; want %v", got, err, want)
	}
}

func TestOneReadALease(t *testing.T) {
	t.Parallel()
	s, c := &shelf{}, newClock()
	l := freshness.New(freshness.Options{Store: s, Now: c.now})
	first := generation(t, l)
	epochIs(t, l, time.Time{})
	c.at = c.at.Add(freshness.DefaultLife - time.Nanosecond)
	if again := generation(t, l); again != first || s.readsSince() != 1 {
		t.Errorf("within the lease: generation %d after %d", again, first)
	}
	c.at = c.at.Add(time.Nanosecond)
	if again := generation(t, l); again != first || s.readsSince() != 1 {
		t.Errorf("after the lease: generation %d after %d, though nothing changed", again, first)
	}
	s.change()
	c.at = c.at.Add(freshness.DefaultLife)
	if again := generation(t, l); again == first {
		t.Error("a change elsewhere began no generation")
	}
	if version, err := l.Version(t.Context()); err != nil || version != 1 {
		t.Errorf("version %d, %v", version, err)
	}
}

func TestTheEpochComesWithTheVersion(t *testing.T) {
	t.Parallel()
	s, c := &shelf{}, newClock()
	here, there := freshness.New(freshness.Options{Store: s, Now: c.now}), freshness.New(freshness.Options{Store: s, Now: c.now})
	epochIs(t, here, time.Time{})
	epochIs(t, there, time.Time{})
	raised := c.at
	if err := here.RaiseEpoch(t.Context(), raised); err != nil {
		t.Fatal(err)
	}
	epochIs(t, here, raised) // the replica that raised it sees it at once
	epochIs(t, there, time.Time{})
	c.at = c.at.Add(time.Second)
	s.readsSince()
	generation(t, there)
	epochIs(t, there, raised)
	if n := s.readsSince(); n != 1 {
		t.Errorf("%d reads for the version and the epoch", n)
	}
	if err := here.RaiseEpoch(t.Context(), raised.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	epochIs(t, here, raised)
}

// "Could not ask" is never an epoch, a version or a generation.
func TestWithoutTheStoreAnExpiredLeaseIsAnError(t *testing.T) {
	t.Parallel()
	s, c := &shelf{}, newClock()
	l := freshness.New(freshness.Options{Store: s, Now: c.now})
	generation(t, l)
	s.away = true
	generation(t, l) // the lease still holds
	c.at = c.at.Add(time.Second)
	_, epochErr := l.Epoch(t.Context())
	_, versionErr := l.Version(t.Context())
	_, generationErr := l.Generation(t.Context())
	for _, err := range []error{epochErr, versionErr, generationErr} {
		if !errors.Is(err, errAway) {
			t.Errorf("%v", err)
		}
	}
	// The raise may have been carried out although its reply was lost: the store is asked before the next answer.
	s.away = false
	generation(t, l)
	s.away = true
	if err := l.RaiseEpoch(t.Context(), c.at); !errors.Is(err, errAway) {
		t.Errorf("raise: %v", err)
	}
	if _, err := l.Epoch(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("after a raise with an unknown outcome: %v", err)
	}
}

// A read that began before a change of this process and ends after it must not renew the lease.
func TestASlowReadDoesNotRenewTheLeaseAfterAChange(t *testing.T) {
	t.Parallel()
	s, c := &shelf{}, newClock()
	l := freshness.New(freshness.Options{Store: s, Now: c.now})
	s.onRead = func() {
		s.change()
		l.Invalidate()
	}
	generation(t, l)
	if reads := s.readsSince(); reads != 2 {
		t.Errorf("%d reads, not 2: the first answer is older than the change", reads)
	}
}

func TestWatchKeepsTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		l := freshness.New(freshness.Options{Store: s, Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		go l.Watch(ctx)
		for range 40 {
			time.Sleep(100 * time.Millisecond) // of the bubble's clock
			synctest.Wait()
			s.readsSince()
			generation(t, l)
			if s.readsSince() != 0 {
				t.Fatal("a caller had to read")
			}
		}
		cancel()
	})
}

func TestConcurrentCallersShareOneRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		l := freshness.New(freshness.Options{Store: s, Now: time.Now})
		hold := make(chan struct{})
		s.onRead = func() { <-hold }
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { epochIs(t, l, time.Time{}) })
		}
		synctest.Wait()
		close(hold)
		callers.Wait()
		if n := s.readsSince(); n != 1 {
			t.Errorf("%d reads", n)
		}
	})
}

// A caller may share a read that was sent longer ago than a lease: what changed since is not in it.
func TestASharedReadThatIsTooOldIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := newClock(), &shelf{}
		l := freshness.New(freshness.Options{Store: s, Now: c.now})
		late := make(chan freshness.Generation, 1)
		s.onRead = func() {
			s.change()
			c.at = c.at.Add(freshness.DefaultLife)
			go func() { late <- generation(t, l) }()
			synctest.Wait() // the caller waits for this read, which has not seen the change
		}
		generation(t, l)
		if got := <-late; got != 1 {
			t.Errorf("generation %d, not 1: a change of a lease ago is missing", got)
		}
		if reads := s.readsSince(); reads != 2 {
			t.Errorf("%d reads, not 2", reads)
		}
	})
}
