package load

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func nothing(func() int64) {}

// The moments of a constant rate follow from the rate alone, and several callers share them without a gap.
func TestScheduleIsSharedAndEven(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := schedule{start: start, rate: 200, length: time.Second}
	var mu sync.Mutex
	seen := map[time.Duration]bool{}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				due, more := s.due()
				if !more {
					return
				}
				mu.Lock()
				seen[due.Sub(start)] = true
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	if len(seen) != 200 {
		t.Errorf("%d moments in a second at 200/s", len(seen))
	}
	for n := range 200 {
		if at := time.Duration(n) * 5 * time.Millisecond; !seen[at] {
			t.Errorf("no request was due at %v", at)
		}
	}
}

// serve starts a server whose request number slow takes a while, and returns its address.
func serve(t *testing.T, slow int64, pause time.Duration) string {
	t.Helper()
	var count atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if count.Add(1) == slow {
			timer := time.NewTimer(pause)
			<-timer.C
		}
		_, _ = fmt.Fprint(w, "ok")
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// get is a call that accepts "ok".
func get(c *Conn, _ int) Call {
	raw := Request{Method: http.MethodGet, Path: "/", Host: "localhost"}.Bytes()
	return func() error {
		a, err := c.Do(raw)
		if err == nil && string(a.Body) != "ok" {
			err = errors.New("wrong body")
		}
		return err
	}
}

// One stall of a server delays every request that is due meanwhile. A generator that waits before it sends the next request
// would report a single slow one (coordinated omission).
func TestConstantRateCountsLatencyFromTheDueMoment(t *testing.T) {
	t.Parallel()
	const pause = 200 * time.Millisecond
	o := Options{Addr: serve(t, 10, pause), Connections: 1, Duration: 400 * time.Millisecond, Rate: 100, NewCall: get, Begin: nothing, End: nothing}
	r, err := Run(t.Context(), o)
	if err != nil || r.Errors > 0 {
		t.Fatal(err, r.FirstError)
	}
	if n := r.Latency.TotalCount(); n != 40 {
		t.Errorf("%d latencies were recorded for 40 requests", n)
	}
	if p80 := r.Quantile(80); p80 < 50 {
		t.Errorf("the 80th percentile is %.1f ms after a stall of %v: requests behind it were not counted from when they were due", p80, pause)
	}
}

func TestClosedLoopCountsOnlyTheMeasuredTime(t *testing.T) {
	t.Parallel()
	var atBegin, atEnd int64
	o := Options{
		Addr: serve(t, 0, 0), Connections: 4, Warmup: 30 * time.Millisecond, Duration: 60 * time.Millisecond, NewCall: get,
		Begin: func(done func() int64) { atBegin = done() }, End: func(done func() int64) { atEnd = done() },
	}
	r, err := Run(t.Context(), o)
	if err != nil || r.Errors > 0 {
		t.Fatal(err, r.FirstError)
	}
	if r.Count == 0 || r.Count > atEnd-atBegin || r.Latency.TotalCount() < r.Count-4 || r.Elapsed < o.Duration {
		t.Errorf("count %d of %d operations, %d latencies, in %v", r.Count, atEnd-atBegin, r.Latency.TotalCount(), r.Elapsed)
	}
}

func TestWrongAnswersAndExhaustionEndARun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err    error
		errors bool
	}{"wrong answer": {errors.New("wrong"), true}, "credentials used up": {ErrExhausted, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			r, err := Run(t.Context(), Options{
				Addr: serve(t, 0, 0), Connections: 2, Duration: time.Minute, Begin: nothing, End: nothing,
				NewCall: func(*Conn, int) Call {
					return func() error {
						if calls.Add(1) > 10 {
							return test.err
						}
						return nil
					}
				},
			})
			if err != nil || r.Errors > 0 != test.errors || test.errors && !errors.Is(r.FirstError, test.err) {
				t.Errorf("%v, %d errors, the first: %v", err, r.Errors, r.FirstError)
			}
		})
	}
}

// A server closes a connection on which nothing is sent for long.
func TestAnIdleConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	c, err := Dial(t.Context(), server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	server.CloseClientConnections()
	c.used = c.used.Add(-2 * idleLimit)
	if _, err := c.Do(Request{Method: http.MethodGet, Path: "/", Host: "localhost"}.Bytes()); err != nil {
		t.Errorf("a request after an idle time: %v", err)
	}
}
