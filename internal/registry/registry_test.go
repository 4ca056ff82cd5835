package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/freshness"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// stage is a store, a clock and the peppers that several replicas share.
type stage struct {
	shelf   shelf
	peppers peppers

	mu sync.Mutex
	at time.Time
}

type peppers map[string]oauth.MACKey

func (p peppers) Pepper() (id string, pepper oauth.MACKey) { return "pepper-1", p["pepper-1"] }
func (p peppers) PepperOf(id string) oauth.MACKey          { return p[id] }

func newStage() *stage {
	return &stage{
		peppers: peppers{"pepper-1": secret.NewMACKey(secret.Random(32))},
		at:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

// supported describes what the server serves.
func supported() oauth.Supported {
	return oauth.Supported{
		GrantTypes: []oauth.GrantType{
			{Name: oauth.GrantAuthorizationCode, Public: true, RedirectURI: true, Refreshable: true},
			{Name: oauth.GrantRefreshToken, Public: true},
			{Name: oauth.GrantClientCredentials},
		},
		AuthMethods: []oauth.ClientAuth{
			{Name: oauth.AuthBasic, Secret: true}, {Name: oauth.AuthPost, Secret: true}, {Name: oauth.AuthNone, Public: true},
		},
	}
}

func (s *stage) replica() *Registry {
	return New(Options{
		Supported: supported(), Store: &s.shelf, Peppers: s.peppers, Now: s.now,
		Lease:  freshness.New(freshness.Options{Store: &s.shelf, Now: s.now}),
		Hasher: secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1}),
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// confidential is a client that passes every check.
func confidential(id string) oauth.Client {
	return oauth.Client{
		ID: oauth.ClientID(id), Name: "Demo", RedirectURIs: []string{"https://app.example/callback"},
		GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		Scopes:     oauth.Scopes{"read", "write"},
	}
}

func public(id string) oauth.Client {
	c := confidential(id)
	c.Method, c.GrantTypes = oauth.AuthNone, []string{oauth.GrantAuthorizationCode}
	return c
}

func registered(t *testing.T, r *Registry, id string) oauth.Client {
	t.Helper()
	c, _, err := r.Register(t.Context(), confidential(id), "")
	must(t, err)
	return c
}

func rename(t *testing.T, r *Registry, id oauth.ClientID, name string) {
	t.Helper()
	_, err := r.Change(t.Context(), id, func(c *oauth.Client) error { c.Name = name; return nil })
	must(t, err)
}

func named(t *testing.T, r *Registry, id oauth.ClientID, want string) {
	t.Helper()
	c, err := r.Client(t.Context(), id)
	if err != nil || c.Name != want {
		t.Errorf("%q, %v; want %q", c.Name, err, want)
	}
}

func TestClientIsServedFromMemoryUnderTheLease(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	named(t, r, id, "Demo")
	s.shelf.asked()
	for range 10 {
		named(t, r, id, "Demo")
		s.pass(99 * time.Millisecond)
	}
	if gets, versions := s.shelf.asked(); gets+versions != 0 {
		t.Errorf("asked %d + %d times within the lease", gets, versions)
	}
	s.pass(10 * time.Millisecond)
	named(t, r, id, "Demo")
	if gets, versions := s.shelf.asked(); gets != 0 || versions != 1 {
		t.Errorf("after the lease: %d clients and %d versions read, not 0 and 1", gets, versions)
	}
}

func TestChangeElsewhereIsSeenWithinTheLease(t *testing.T) {
	t.Parallel()
	s := newStage()
	here, there := s.replica(), s.replica()
	id := registered(t, here, "demo").ID
	named(t, here, id, "Demo")
	rename(t, there, id, "Renamed")
	s.pass(time.Second)
	named(t, here, id, "Renamed")
	must(t, there.Delete(t.Context(), id))
	s.pass(time.Second)
	if _, err := here.Client(t.Context(), id); !errors.Is(err, store.Absent) {
		t.Errorf("deleted elsewhere: %v", err)
	}
	registered(t, there, "demo")
	named(t, here, id, "Demo") // its absence is not cached
}

func TestOwnChangeIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	for i := range 3 {
		rename(t, r, id, fmt.Sprint("Name ", i))
		named(t, r, id, fmt.Sprint("Name ", i))
	}
	must(t, r.Delete(t.Context(), id))
	if _, err := r.Client(t.Context(), id); !errors.Is(err, store.Absent) {
		t.Errorf("deleted: %v", err)
	}
}

// A lookup that read the client before a change of our own and answers after it must not bring the
// old one back into the cache.
func TestSlowLookupDoesNotBringBackTheOldClient(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	s.shelf.onGet = func() {
		rename(t, r, id, "Renamed")
		named(t, r, id, "Renamed")
	}
	if _, err := r.Client(t.Context(), id); err != nil {
		t.Error(err)
	}
	named(t, r, id, "Renamed")
}

func TestStaleLeaseAndNoStoreIsAnErrorAndNoAnswer(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	id := registered(t, r, "demo").ID
	named(t, r, id, "Demo")
	s.shelf.goAway(true)
	named(t, r, id, "Demo") // the lease still holds
	if _, err := r.Client(t.Context(), "other"); !errors.Is(err, errAway) {
		t.Errorf("a client that is not cached: %v", err)
	}
	s.pass(time.Second)
	if _, err := r.Client(t.Context(), id); !errors.Is(err, errAway) {
		t.Errorf("after the lease: %v", err)
	}
	s.shelf.goAway(false)
	named(t, r, id, "Demo")
}

func TestManyCallersShareOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		r := s.replica()
		id := registered(t, r, "demo").ID
		_, err := r.o.Lease.Generation(t.Context())
		must(t, err)
		s.shelf.asked()
		hold := make(chan struct{})
		s.shelf.onGet = func() { <-hold }
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { named(t, r, id, "Demo") })
		}
		gone, cancel := context.WithCancel(t.Context())
		callers.Go(func() {
			if _, err := r.Client(gone, id); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller who went away: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		close(hold)
		callers.Wait()
		if gets, versions := s.shelf.asked(); gets != 1 || versions != 0 {
			t.Errorf("%d clients and %d versions read", gets, versions)
		}
	})
}

func TestQuestionOutlivesWhoAskedItFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		r := s.replica()
		id := registered(t, r, "demo").ID
		hold := make(chan struct{})
		s.shelf.onGet = func() { <-hold }
		gone, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := r.Client(gone, id)
			first <- err
		}()
		synctest.Wait()
		second := make(chan error, 1)
		go func() {
			_, err := r.Client(t.Context(), id)
			second <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
		close(hold)
		if err := <-second; err != nil {
			t.Errorf("the second: %v", err)
		}
	})
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	s.shelf.clients = map[oauth.ClientID]oauth.Client{}
	for i := range maxClients + 500 {
		id := oauth.ClientID(fmt.Sprint(i))
		s.shelf.clients[id] = oauth.Client{ID: id}
		if _, err := r.Client(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.cache.clients.Len(); n != maxClients {
		t.Errorf("%d clients in the cache", n)
	}
}

func TestIdsThatCannotBeRegisteredAskNobody(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica()
	for _, id := range []oauth.ClientID{"", "a b", "ä", "../x", "a:b", "{x}", "a\x00", "x23456789012345678901234567890123456789012345678901234567890123456"} {
		if _, err := r.Client(t.Context(), id); !errors.Is(err, store.Absent) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if gets, versions := s.shelf.asked(); gets+versions != 0 {
		t.Error("the store was asked")
	}
}

func TestWatchKeepsTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		const confirmInterval = 250 * time.Millisecond // of freshness
		lease := freshness.New(freshness.Options{Store: &s.shelf, Now: time.Now})
		here := New(Options{Supported: supported(), Store: &s.shelf, Peppers: s.peppers, Now: time.Now, Lease: lease, Hasher: s.replica().o.Hasher})
		there := s.replica()
		id := registered(t, there, "demo").ID
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			lease.Watch(ctx)
			close(ended)
		}()
		synctest.Wait()
		named(t, here, id, "Demo")
		for range 20 {
			time.Sleep(confirmInterval) // of the bubble's clock
			synctest.Wait()
			s.shelf.asked()
			named(t, here, id, "Demo")
			if gets, versions := s.shelf.asked(); gets+versions != 0 {
				t.Fatalf("a request had to ask: %d, %d", gets, versions)
			}
		}
		rename(t, there, id, "Renamed")
		time.Sleep(confirmInterval)
		synctest.Wait()
		named(t, here, id, "Renamed")
		s.shelf.goAway(true)
		time.Sleep(time.Second)
		if _, err := here.Client(t.Context(), id); !errors.Is(err, errAway) {
			t.Errorf("a second after the store went away: %v", err)
		}
		s.shelf.goAway(false)
		time.Sleep(confirmInterval)
		synctest.Wait()
		named(t, here, id, "Renamed")
		cancel()
		<-ended
	})
}

func BenchmarkClient(b *testing.B) {
	s := newStage()
	r := s.replica()
	if _, _, err := r.Register(b.Context(), confidential("demo"), ""); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Client(b.Context(), "demo"); err != nil {
			b.Fatal(err)
		}
	}
}
