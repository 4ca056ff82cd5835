package redisstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// lives checks that a key's time to live is a length, minus the time that has passed since.
func lives(t *testing.T, admin *redis.Client, key string, length time.Duration) {
	t.Helper()
	ttl, err := admin.PTTL(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	if ttl > length || ttl < length-30*time.Second {
		t.Errorf("%s lives %v, want %v", key, ttl, length)
	}
}

func TestAnAdvanceMovesTheTimesToLive(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	grants, now := redisstore.NewGrants(db), time.Now()
	g := sampleGrant(now, 1)
	if err := grants.Create(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	key, token := "auth:grant:"+string(g.Ref), oauth.DigestOf("token")
	lives(t, admin, key, 10*time.Minute)
	for serial, keep := range []time.Duration{time.Hour, 2 * time.Hour, 365 * 24 * time.Hour} {
		_, err := grants.Advance(t.Context(), store.Presentation{
			Grant: g.Ref, Client: g.Client, Scope: g.Scope, Serial: uint32(serial), Now: now, Rotate: true, Keep: keep, //nolint:gosec // small
			Access: &store.NewAccess{Digest: token, Life: keep / 4},
		})
		if err != nil {
			t.Fatal(err)
		}
		end := g.End.Sub(now)
		lives(t, admin, key, min(keep, end))
		lives(t, admin, "auth:access_token:"+token.Key(), min(keep/4, end))
	}
}

func TestARevocationIsNotCutShort(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	access, now := redisstore.NewAccess(db), time.Now()
	jwt := store.Query{Digest: oauth.DigestOf("jti"), Format: oauth.FormatJWT}
	for _, life := range []time.Duration{time.Hour, time.Minute} {
		if err := access.Revoke(t.Context(), jwt, now.Add(life), now); err != nil {
			t.Fatal(err)
		}
		if err := access.RevokeClient(t.Context(), "c", now, life); err != nil {
			t.Fatal(err)
		}
	}
	lives(t, admin, "auth:revoked:token:"+jwt.Digest.Key(), time.Hour)
	lives(t, admin, "auth:revoked:client:"+string(store.TagOf("c")), time.Hour)
}

// While a session is being ended, its user's list contains it slightly longer than it exists.
func TestATouchDoesNotBringASessionBack(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	sessions, now := redisstore.NewSessions(db), time.Now()
	one := oauth.Session{Ref: "one", User: "u", Seen: now, Expires: now.Add(time.Hour)}
	if _, _, err := sessions.Start(t.Context(), one, 5); err != nil {
		t.Fatal(err)
	}
	if err := admin.Del(t.Context(), "auth:session:one").Err(); err != nil {
		t.Fatal(err)
	}
	if err := sessions.Touch(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.Find(t.Context(), one.Ref, now); !errors.Is(err, store.Absent) {
		t.Errorf("the session is there again: %v", err)
	}
}

// S23: the mark of an interaction may expire while its grant is alive (the clocks of daemons differ). Creating that
// grant again would make its spent code and refresh tokens valid again.
func TestF_S23_AGrantThatLivesIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	db, admin := standalone(t, redisconn.Options{})
	grants, now := redisstore.NewGrants(db), time.Now()
	g, once := sampleGrant(now, 1), store.Once{Name: "once", Keep: time.Hour}
	sure(t, grants.CreateOnce(t.Context(), g, once))
	show := store.Presentation{Grant: g.Ref, Client: g.Client, Scope: g.Scope, Now: now, Rotate: true, Keep: time.Hour}
	_, err := grants.Advance(t.Context(), show)
	sure(t, err)
	marks, err := admin.Keys(t.Context(), "auth:interaction:*").Result()
	sure(t, err)
	sure(t, admin.Del(t.Context(), marks...).Err())
	if err := grants.CreateOnce(t.Context(), g, once); !errors.Is(err, store.Conflict) {
		t.Errorf("%d marks gone: %v", len(marks), err)
	}
	if stored, err := grants.Get(t.Context(), g.Ref); err != nil || stored.Serial != 1 {
		t.Errorf("serial %d, %v", stored.Serial, err)
	}
}

// S01: codes that are never redeemed (a link to /authorize that is opened repeatedly) leave entries in the index. They
// must not count as grants: the grants of the user's other browsers stay alive.
func TestF_S01_UnredeemedCodesEndNoGrantOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	db, _ := standalone(t, redisconn.Options{})
	grants, now := redisstore.NewGrants(db), time.Now().UTC().Truncate(time.Millisecond)
	const used = 30
	create := func(n int, root oauth.RootTag) oauth.Grant {
		random := oauth.DigestOf(fmt.Sprint("unredeemed", n))
		g := sampleGrant(now.Add(time.Duration(n)*time.Millisecond), 0)
		g.Ref = oauth.NewGrantID(g.User, root, random[:oauth.GrantEntropy]).Ref()
		sure(t, grants.Create(t.Context(), g))
		return g
	}
	var kept []oauth.Grant
	for n := range used {
		g := create(n, oauth.NewRootTag([]byte{1, 1, byte(n)}))
		_, err := grants.Advance(t.Context(), store.Presentation{
			Grant: g.Ref, Client: g.Client, Scope: g.Scope, Now: now, Rotate: true, Keep: time.Hour,
		})
		sure(t, err)
		kept = append(kept, g)
	}
	for n := range oauth.MaxGrantsOfClient + used {
		create(used+n, "root")
	}
	for n, g := range kept {
		if _, err := grants.Get(t.Context(), g.Ref); err != nil {
			t.Errorf("the grant of browser %d: %v", n, err)
		}
	}
}

func sure(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// However many browsers sign out and clients are withdrawn, the user's revocation stays small, and everything that was
// ended stays ended.
func TestF_S01_ARevocationStaysSmall(t *testing.T) {
	t.Parallel()
	for what, end := range map[store.Ended]func(*store.Ending, int){
		store.EndedClient:  func(e *store.Ending, n int) { e.Client = oauth.ClientID(fmt.Sprint("client ", n)) },
		store.EndedSession: func(e *store.Ending, n int) { e.Root = oauth.RootTag(fmt.Sprintf("%04d", n)) },
	} {
		t.Run(string(what), func(t *testing.T) {
			db, admin := standalone(t, redisconn.Options{})
			grants, revocations := redisstore.NewGrants(db), redisstore.NewRevocations(db)
			g := sampleGrant(time.Now().UTC().Truncate(time.Millisecond), 1)
			g.Client, g.Ref = "client 0", oauth.NewGrantID(g.User, "0000", make([]byte, oauth.GrantEntropy)).Ref()
			if err := grants.Create(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			for n := range 600 {
				e := store.Ending{User: g.User, What: what, Now: g.Born, Keep: time.Hour}
				end(&e, n)
				if err := revocations.Raise(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				if n%100 > 1 {
					continue
				}
				if _, err := grants.Get(t.Context(), g.Ref); !errors.Is(err, store.Absent) {
					t.Fatalf("%s: after %d endings the grant that the first ended: %v", what, n+1, err)
				}
			}
			fields, err := admin.HLen(t.Context(), "auth:revoked:user:"+string(g.Ref.User())).Result()
			if err != nil || fields == 0 || fields > 300 {
				t.Errorf("%s: 600 endings take %d fields, %v", what, fields, err)
			}
		})
	}
}

// servers are an embedded Redis and a real one.
func servers(t *testing.T) map[string]redisconn.Options {
	t.Helper()
	return map[string]redisconn.Options{
		"embedded": {}, "standalone": {Mode: redisconn.Standalone, Addrs: []string{redistest.Start(t).Addr}},
	}
}

// Three daemons on one Redis, one of them an hour behind and one an hour ahead, agree on the life of a code and on the
// grace, because both are checked by the clock of Redis.
func TestF_S25_DaemonsWithSkewedClocksAgree(t *testing.T) {
	t.Parallel()
	for name, o := range servers(t) {
		t.Run(name, func(t *testing.T) {
			grants := redisstore.NewGrants(roomtest.Open(t, o))
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
	for name, o := range servers(t) {
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
