package redisstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Three daemons on one Redis, one of them an hour behind and one an hour ahead, agree on the life of a code and on the
// grace, because both are checked by the clock of Redis.
func TestF_S25_DaemonsWithSkewedClocksAgree(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for name, o := range map[string]redisconn.Options{
		"embedded":   {},
		"standalone": {Mode: redisconn.Standalone, Addrs: []string{server.Addr}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Timeout, o.DialTimeout = 10*time.Second, 5*time.Second
			db, err := redisconn.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			grants := redisstore.NewGrants(db)
			skews := []time.Duration{0, -time.Hour, time.Hour}
			for n, made := range skews {
				g := sampleGrant(time.Now().Add(made).UTC().Truncate(time.Millisecond), n)
				if err := grants.Create(t.Context(), g); err != nil {
					t.Fatal(err)
				}
				p := store.Presentation{
					Grant: g.Ref, Client: g.Client, Grace: 10 * time.Second, Rotate: true, Keep: time.Hour, Scope: g.Scope,
				}
				for i, shown := range skews {
					p.Now = time.Now().Add(shown)
					got, err := grants.Advance(t.Context(), p)
					want := oauth.Retried
					if i == 0 {
						want = oauth.Advanced
					}
					if err != nil || got.Verdict != want {
						t.Errorf("%s: made %v off, shown %v off: %q, %v", name, made, shown, got.Verdict, err)
					}
					if off := time.Since(got.At).Abs(); off > time.Minute {
						t.Errorf("%s: judged %v off", name, off)
					}
					if off := time.Until(got.Grant.End).Abs() - 90*24*time.Hour; off.Abs() > time.Minute {
						t.Errorf("%s: the end of the grant is %v off", name, off)
					}
				}
			}
		})
	}
}

// The cleanup of a daemon whose clock is ahead must not forget the ending that a daemon whose clock is
// behind made a moment ago: a request that read its session before the ending could create its grant.
func TestF_S01_ASkewedClockLosesNoEnding(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for name, o := range map[string]redisconn.Options{
		"embedded":   {},
		"standalone": {Mode: redisconn.Standalone, Addrs: []string{server.Addr}},
	} {
		t.Run(name, func(t *testing.T) {
			db := roomtest.Open(t, o)
			s := subject(db)
			for n, skew := range []struct{ raised, swept time.Duration }{{-2 * time.Hour, 0}, {0, 2 * time.Hour}, {-time.Hour, 90 * time.Minute}} {
				t.Run(fmt.Sprintf("raised %s, swept %s", skew.raised, skew.swept), func(t *testing.T) {
					late := sampleGrant(time.Now().UTC().Truncate(time.Millisecond), 5*n)
					for _, e := range []store.Ending{{What: store.EndedSession, Root: late.Ref.Root()}, {What: store.EndedClient, Client: late.Client}} {
						e.User, e.Now, e.Keep = late.User, time.Now().Add(skew.raised), 48*time.Hour
						if err := s.Revocations.Raise(t.Context(), e); err != nil {
							t.Fatal(err)
						}
						if _, err := s.Sweeps.Tidy(t.Context(), late.User, time.Now().Add(skew.swept)); err != nil {
							t.Fatal(err)
						}
						if err := s.Grants.Create(t.Context(), late); !errors.Is(err, store.Revoked) {
							t.Errorf("%s: %s raised %v off, swept %v off: a grant of before was created: %v", name, e.What, skew.raised, skew.swept, err)
						}
					}
				})
			}
		})
	}
}

// The cleanup of a daemon whose clock is ahead leaves live sessions in their user's list: a session that the list does
// not contain is neither shown nor prolonged.
func TestF_S01_ASkewedClockHidesNoSession(t *testing.T) {
	t.Parallel()
	s, now := subject(roomtest.Open(t, redisconn.Options{})), time.Now().UTC().Truncate(time.Millisecond)
	one := oauth.Session{Ref: "one", User: "u", Started: now, Seen: now, Expires: now.Add(time.Hour)}
	if _, _, err := s.Sessions.Start(t.Context(), one, 9); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweeps.Tidy(t.Context(), one.User, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if listed, err := s.Sessions.OfUser(t.Context(), one.User, now); err != nil || len(listed) != 1 {
		t.Errorf("after the cleanup of a daemon 2 h ahead: %d sessions, %v", len(listed), err)
	}
}

// An ending that is raised after the cleanup read the grants stays, however far the clock jumped.
func TestF_S01_AnEndingDuringTheCleanupStays(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}}
	other := subject(openDB(t, o))
	now := time.Now().UTC().Truncate(time.Millisecond)
	g := sampleGrant(now, 1)
	raise := func(e store.Ending) {
		e.User, e.Now, e.Keep = g.User, now, 48*time.Hour
		if err := other.Revocations.Raise(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	reads, once := 0, sync.Once{}
	o.Observe = func(verb, _ string, _ time.Duration) {
		if verb != "grants.index" {
			return
		}
		reads++
		if reads == 2 { // the first reads the index, the second the grants
			once.Do(func() { raise(store.Ending{What: store.EndedSession, Root: g.Ref.Root()}) })
		}
	}
	s := subject(openDB(t, o))
	raise(store.Ending{What: store.EndedClient, Client: "another"})
	if err := s.Grants.Create(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweeps.Tidy(t.Context(), g.User, now.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Grants.Get(t.Context(), g.Ref); !errors.Is(err, store.Absent) {
		t.Errorf("the grant of a browser that signed out during the cleanup: %v", err)
	}
}
