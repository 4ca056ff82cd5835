package memo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/memo"
)

func TestAMapIsBounded(t *testing.T) {
	t.Parallel()
	m := memo.NewMap[int](memo.Options[int]{Limit: 100})
	for i := range 1000 {
		m.Put(i, -i)
		if got, ok := m.Get(i); !ok || got != -i {
			t.Fatalf("%d: %d, %v", i, got, ok)
		}
		m.Put(i, -i) // a key that is there evicts nothing
	}
	left := 0
	for i := range 1000 {
		if _, ok := m.Get(i); ok {
			left++
		}
	}
	if m.Len() != 100 || left != 100 {
		t.Errorf("%d entries, %d of them found", m.Len(), left)
	}
	m.Delete(999)
	if _, ok := m.Get(999); ok || m.Len() > 100 {
		t.Error("a deleted key is found")
	}
}

func TestEntriesExpire(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := memo.NewMap[string](memo.Options[int]{Limit: 2, Life: time.Minute, Now: func() time.Time { return now }})
	m.Put("a", 1)
	now = now.Add(time.Minute - time.Nanosecond)
	m.Put("b", 2)
	if got, ok := m.Get("a"); !ok || got != 1 {
		t.Errorf("before it expires: %d, %v", got, ok)
	}
	now = now.Add(time.Nanosecond)
	if got, ok := m.Get("a"); ok || got != 0 {
		t.Errorf("after it expired: %d, %v", got, ok)
	}
	if got := m.GetOrPut("a", func() int { return 3 }); got != 3 {
		t.Errorf("an expired entry is served: %d", got)
	}
	now = now.Add(time.Minute - time.Nanosecond)
	m.Put("c", 4) // b has expired, a has not
	if _, ok := m.Get("a"); !ok || m.Len() != 2 {
		t.Error("a live entry was evicted instead of an expired one")
	}
}

func TestIdleEntriesAreEvictedFirst(t *testing.T) {
	t.Parallel()
	m := memo.NewMap[int](memo.Options[bool]{Limit: 10, Idle: func(idle bool) bool { return idle }})
	for i := range 9 {
		m.Put(i, false)
	}
	m.Put(9, true)
	m.Put(10, false)
	for i := range 11 {
		if _, ok := m.Get(i); ok == (i == 9) {
			t.Errorf("%d is there: %v", i, ok)
		}
	}
	m.Put(11, false) // none is idle: one of them goes
	if m.Len() != 10 {
		t.Errorf("%d entries", m.Len())
	}
}

func TestConcurrentCallersGetOneValue(t *testing.T) {
	t.Parallel()
	m := memo.NewMap[string](memo.Options[*int]{Limit: 10})
	values := make([]*int, 50)
	var callers sync.WaitGroup
	for i := range values {
		callers.Go(func() { values[i] = m.GetOrPut("key", func() *int { return new(int) }) })
	}
	callers.Wait()
	for _, value := range values {
		if value != values[0] {
			t.Fatal("two values for one key")
		}
	}
}

func TestGetAllocatesNothing(t *testing.T) { //nolint:paralleltest // counts allocations
	now := time.Now()
	m := memo.NewMap[[32]byte](memo.Options[struct{}]{Limit: 10, Life: time.Hour, Now: func() time.Time { return now }})
	m.Put([32]byte{1}, struct{}{})
	if n := testing.AllocsPerRun(100, func() { m.Get([32]byte{1}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCallersShareOneReadAndOutliveTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads memo.Reads[int]
		asked, hold := 0, make(chan struct{})
		read := func(ctx context.Context) (int, error) {
			asked++
			<-hold
			return 7, ctx.Err()
		}
		first, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := reads.Do(first, "key", read); !errors.Is(err, context.Canceled) {
				t.Errorf("the first caller, which disconnected: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			callers.Go(func() {
				if got, err := reads.Do(t.Context(), "key", read); got != 7 || err != nil {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(hold)
		callers.Wait()
		if asked != 1 {
			t.Errorf("%d reads", asked)
		}
	})
}
