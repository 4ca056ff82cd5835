package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// counted is the store of a test: it counts what it is asked, and can be away.
type counted struct {
	store.Limits
	takes atomic.Int64
	away  atomic.Bool
	mute  atomic.Bool // does what it is asked, but its answers are lost
}

var errAway = errors.New("away")

func (c *counted) Take(ctx context.Context, b store.Bucket, want int, now time.Time) (store.Permits, error) {
	c.takes.Add(1)
	if c.away.Load() {
		return store.Permits{}, errAway
	}
	return c.Limits.Take(ctx, b, want, now)
}

func (c *counted) Try(ctx context.Context, attempt store.Attempt, budgets []store.Budget, now time.Time) ([]store.Trial, error) {
	if c.away.Load() {
		return nil, errAway
	}
	trials, err := c.Limits.Try(ctx, attempt, budgets, now)
	if c.mute.Load() {
		return nil, errAway
	}
	return trials, err
}

func (c *counted) Return(ctx context.Context, some ...store.Counted) error {
	if c.away.Load() {
		return errAway
	}
	err := c.Limits.Return(ctx, some...)
	if c.mute.Load() {
		return errAway
	}
	return err
}

func (c *counted) Clear(ctx context.Context, keys ...oauth.Digest) error {
	if c.away.Load() {
		return errAway
	}
	return c.Limits.Clear(ctx, keys...)
}

func open(t *testing.T) *counted {
	t.Helper()
	db := roomtest.Open(t, redisconn.Options{})
	return &counted{Limits: serverstore.NewLimits(db)}
}

// facts records events, and counts them.
type facts struct{ roomtest.Events }

func (f *facts) count(want event.Event) int {
	n := 0
	for _, e := range f.Emitted() {
		if e == want {
			n++
		}
	}
	return n
}

// clock stands still until a test moves it.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.at.Load()) }
func (c *clock) move(by time.Duration) { c.at.Add(int64(by)) }

func from(ctx context.Context, ip string) context.Context {
	return event.WithOrigin(ctx, event.Origin{IP: ip})
}

func limiter(s store.Limits, c *clock, events event.Sink, rate ratelimit.Rate) *ratelimit.Limiter {
	return ratelimit.New(ratelimit.Options{
		Store: s, Events: events, Now: c.now, Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: rate, ratelimit.AuthorizeIP: rate},
	})
}

// Two daemons with a crowd each never let more pass than the rate, and strand no more than what one
// batch at each may hold.
func TestTwoDaemonsKeepOneRate(t *testing.T) {
	t.Parallel()
	s, now, events := open(t), newClock(), &facts{}
	rate := ratelimit.Rate{Count: 150, Per: time.Hour}
	daemons := []*ratelimit.Limiter{limiter(s, now, events, rate), limiter(s, now, events, rate)}
	var passed, refused atomic.Int64
	var crowd sync.WaitGroup
	for i := range 400 {
		crowd.Go(func() {
			err := daemons[i%2].Client(t.Context(), ratelimit.Token, oauth.Client{ID: "service"})
			switch hit := ratelimit.Hit(err); {
			case err == nil:
				passed.Add(1)
			case hit != nil && oauth.AsError(err).Code == oauth.SlowDown && hit.Wait > 0 && hit.Wait <= rate.Per && hit.Rate == rate:
				refused.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	crowd.Wait()
	if passed.Load() != 150 || refused.Load() != 250 {
		t.Errorf("%d passed and %d were refused, of a rate of 150", passed.Load(), refused.Load())
	}
	if n := events.count(event.LimitHit{Rule: "token", Client: "service"}); n != 250 {
		t.Errorf("%d facts of a limit that was hit", n)
	}
}

// A busy caller asks the store now and then only, an idle one strands nothing, and refusals are free.
func TestMostRequestsAskNobody(t *testing.T) {
	t.Parallel()
	s, now := open(t), newClock()
	l := limiter(s, now, &facts{}, ratelimit.Rate{Count: 100_000, Per: time.Minute})
	pass := func(id oauth.ClientID) {
		t.Helper()
		if err := l.Client(t.Context(), ratelimit.Token, oauth.Client{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for range 10_000 {
		pass("busy")
	}
	if n := s.takes.Load(); n > 60 {
		t.Errorf("10000 requests asked %d times", n)
	}
	s.takes.Store(0)
	small := limiter(s, now, &facts{}, ratelimit.Rate{Count: 4, Per: time.Hour})
	for i := range 4 { // far apart: what is taken ahead would be lost
		if err := small.Client(t.Context(), ratelimit.Token, oauth.Client{ID: "slow"}); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
		now.move(2 * time.Second)
	}
	s.takes.Store(0)
	for range 1000 {
		if err := small.Client(t.Context(), ratelimit.Token, oauth.Client{ID: "slow"}); ratelimit.Hit(err) == nil {
			t.Fatal("the fifth request passed")
		}
	}
	if n := s.takes.Load(); n != 1 {
		t.Errorf("1000 refusals asked %d times", n)
	}
	now.move(15 * time.Minute)
	if err := small.Client(t.Context(), ratelimit.Token, oauth.Client{ID: "slow"}); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestAClientsOwnLimitGoesBeforeTheServers(t *testing.T) {
	t.Parallel()
	s, now := open(t), newClock()
	l := limiter(s, now, &facts{}, ratelimit.Rate{Count: 3, Per: time.Hour})
	none := limiter(s, now, &facts{}, ratelimit.Rate{})
	for name, c := range map[string]struct {
		limiter *ratelimit.Limiter
		client  oauth.Client
		passes  int
	}{
		"the server's":                {l, oauth.Client{ID: "a"}, 3},
		"more":                        {l, oauth.Client{ID: "b", RequestsPerMinute: 7}, 7},
		"none":                        {l, oauth.Client{ID: "c", RequestsPerMinute: -1}, 20},
		"its own where there is none": {none, oauth.Client{ID: "d", RequestsPerMinute: 2}, 2},
		"off":                         {none, oauth.Client{ID: "e"}, 20},
		"nil":                         {nil, oauth.Client{ID: "f", RequestsPerMinute: 1}, 20},
	} {
		passed := 0
		for range 20 {
			if c.limiter.Client(t.Context(), ratelimit.Token, c.client) == nil {
				passed++
			}
		}
		if passed != c.passes {
			t.Errorf("%s: %d passed, want %d", name, passed, c.passes)
		}
	}
}

func TestAddressesCountByNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "2001:db8:1:3::9": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64", "": "", "x": "",
	} {
		if got := ratelimit.Network(ip); got != want {
			t.Errorf("%q: %q, want %q", ip, got, want)
		}
	}
	l := limiter(open(t), newClock(), &facts{}, ratelimit.Rate{Count: 1, Per: time.Hour})
	ask := func(ip string) error { return l.Address(from(t.Context(), ip), ratelimit.AuthorizeIP) }
	if ask("2001:db8::1") != nil || ask("2001:db8::2") == nil || ask("2001:db8:0:1::2") != nil || ask("192.0.2.1") != nil || ask("192.0.2.1") == nil {
		t.Error("addresses are not counted by network")
	}
	for range 2 {
		if err := ask(""); err != nil {
			t.Errorf("a request of nobody is limited: %v", err)
		}
	}
}

func TestWithoutTheStore(t *testing.T) {
	t.Parallel()
	s, now := open(t), newClock()
	rates := map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 2, Per: time.Hour}}
	for _, deny := range []bool{false, true} {
		s.away.Store(true)
		s.takes.Store(0)
		l := ratelimit.New(ratelimit.Options{Store: s, Events: &facts{}, Now: now.now, Rates: rates, FailClosed: deny})
		client := oauth.Client{ID: oauth.ClientID("blind " + map[bool]string{true: "deny", false: "allow"}[deny])}
		for range 50 {
			err := l.Client(t.Context(), ratelimit.Token, client)
			if (err != nil) != deny || deny && oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
				t.Errorf("deny is %v: %v", deny, err)
			}
		}
		if n := s.takes.Load(); n != 1 {
			t.Errorf("asked %d times in one moment", n)
		}
		s.away.Store(false)
		now.move(2 * time.Second)
		passed := 0
		for range 5 {
			if l.Client(t.Context(), ratelimit.Token, client) == nil {
				passed++
			}
		}
		if passed != 2 {
			t.Errorf("afterwards %d passed, want 2", passed)
		}
	}
	g := guard(s, now, &facts{})
	s.away.Store(true)
	if _, err := g.Begin(t.Context(), "alice"); oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
		t.Errorf("a guess that nobody can count: %v", err)
	}
}

func TestACallerWhoLeavesTakesNobodyWithThem(t *testing.T) {
	t.Parallel()
	l := limiter(open(t), newClock(), &facts{}, ratelimit.Rate{Count: 100, Per: time.Hour})
	gone, leave := context.WithCancel(t.Context())
	leave()
	var crowd sync.WaitGroup
	for i := range 40 {
		crowd.Go(func() {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = gone
			}
			if err := l.Client(ctx, ratelimit.Token, oauth.Client{ID: "x"}); err != nil && i%2 == 1 {
				t.Errorf("%v", err)
			}
		})
	}
	crowd.Wait()
}

// generous returns what is wanted, at once: what is left to measure is the daemon's own part.
type generous struct{ store.Limits }

func (generous) Take(_ context.Context, _ store.Bucket, want int, _ time.Time) (store.Permits, error) {
	return store.Permits{Granted: want}, nil
}

// BenchmarkClient measures the cost of a rate for a request of a busy client.
func BenchmarkClient(b *testing.B) {
	l := ratelimit.New(ratelimit.Options{
		Store: generous{}, Events: &facts{}, Now: time.Now,
		Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000, Per: time.Minute}},
	})
	client := oauth.Client{ID: "service"}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Client(b.Context(), ratelimit.Token, client); err != nil {
			b.Fatal(err)
		}
	}
}

// Requests of busy clients at the same time, each with permits of its own.
func BenchmarkClientsParallel(b *testing.B) {
	l := ratelimit.New(ratelimit.Options{
		Store: generous{}, Events: &facts{}, Now: time.Now,
		Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000, Per: time.Minute}},
	})
	var clients atomic.Int32
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		client := oauth.Client{ID: oauth.ClientID(fmt.Sprint("service-", clients.Add(1)))}
		for p.Next() {
			if err := l.Client(b.Context(), ratelimit.Token, client); err != nil {
				b.Error(err)
			}
		}
	})
}
