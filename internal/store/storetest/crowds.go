package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Crowds is the suite of what concurrent callers of one verb, or of two verbs, get. What needs a model of its own is
// in the suite of its contract.
func Crowds(t *testing.T, open suite.Open) {
	s := open(t)
	t.Run("Clients.Delete", func(t *testing.T) { oneClientDeletion(t, s) })
	t.Run("Sessions.End and Touch", func(t *testing.T) { endBeatsTouch(t, s) })
	t.Run("Sessions.Touch", func(t *testing.T) { oneTouchCounts(t, s.Sessions) })
	t.Run("Sweeps.Mark", func(t *testing.T) { oneHolderMarks(t, s.Sweeps) })
	t.Run("Sweeps.Tidy and Grants.Create", func(t *testing.T) { tidyTogether(t, s) })
	t.Run("Revocations.Raise", func(t *testing.T) { allEndingsCount(t, s) })
	t.Run("Revocations.Reap", func(t *testing.T) { reapTogether(t, s) })
	t.Run("Grants.Kill and Advance", func(t *testing.T) { killBeatsAdvance(t, s) })
	t.Run("Access.Put and Revoke", func(t *testing.T) { revokeBeatsPut(t, s.Access) })
	t.Run("Limits.Return", func(t *testing.T) { oneRefund(t, s.Limits) })
	t.Run("Limits.Clear and Try", func(t *testing.T) { clearOrCount(t, s.Limits) })
}

// oneClientDeletion: of many deletions one succeeds, and what was based on the client conflicts.
func oneClientDeletion(t *testing.T, s suite.Subject) {
	c := suite.SampleClient("deleted by a crowd", suite.Start())
	suite.Sure(t, "put", suite.Second(s.Clients.Put(t.Context(), c)))
	before, err := s.Freshness.Read(t.Context())
	suite.Sure(t, "marks", err)
	c.Revision = 1
	var deleted atomic.Int32
	suite.Together(suite.Crowd, func(i int) {
		if i%5 == 0 {
			if _, err := s.Clients.Put(t.Context(), c); err != nil && !errors.Is(err, store.Conflict) {
				t.Errorf("put: %v", err)
			}
			return
		}
		switch err := s.Clients.Delete(t.Context(), c.ID); {
		case err == nil:
			deleted.Add(1)
		case !errors.Is(err, store.Absent):
			t.Errorf("delete: %v", err)
		}
	})
	suite.Same(t, "deletions", deleted.Load(), int32(1))
	_, err = s.Clients.Get(t.Context(), c.ID)
	suite.Same(t, "the client afterwards", err, store.Absent)
	after, err := s.Freshness.Read(t.Context())
	suite.Sure(t, "marks", err)
	suite.Same(t, "the version moved", after.Version > before.Version, true)
}

// endBeatsTouch: a session that is ended stays ended, however many touch it meanwhile, and every caller that ends it
// succeeds.
func endBeatsTouch(t *testing.T, s suite.Subject) {
	for seed := range uint64(5) {
		d, now := suite.Roll("end and touch", seed), suite.Start()
		one := suite.SampleSession(d, d.UUID(), now)
		suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), one, 5)))
		touched := one
		touched.Seen, touched.Expires = now.Add(time.Second), now.Add(time.Second+suite.SessionLife)
		suite.Together(suite.Crowd, func(i int) {
			if i%10 == 0 {
				if err := s.Sessions.End(t.Context(), one.User, one.Ref); err != nil {
					t.Errorf("end: %v", err)
				}
				return
			}
			if err := s.Sessions.Touch(t.Context(), touched); err != nil {
				t.Errorf("touch: %v", err)
			}
		})
		_, err := s.Sessions.Find(t.Context(), one.Ref, now)
		suite.Same(t, "the session afterwards", err, store.Absent)
		listed, err := s.Sessions.OfUser(t.Context(), one.User, now)
		suite.Sure(t, "of user", err)
		suite.Same(t, "sessions that are listed", len(listed), 0)
		counts, err := s.Overview.Counts(t.Context(), now)
		suite.Sure(t, "counts", err)
		suite.Same(t, "sessions that are counted", counts.Sessions, 0)
	}
}

// oneTouchCounts: the session is as one of the callers left it.
func oneTouchCounts(t *testing.T, s store.Sessions) {
	d, now := suite.Roll("touches", 0), suite.Start()
	one := suite.SampleSession(d, d.UUID(), now)
	suite.Sure(t, "start", suite.Third(s.Start(t.Context(), one, 5)))
	suite.Together(suite.Crowd, func(i int) {
		touched := one
		touched.Seen = now.Add(time.Duration(i+1) * time.Millisecond)
		touched.Expires = touched.Seen.Add(suite.SessionLife)
		suite.Sure(t, "touch", s.Touch(t.Context(), touched))
	})
	got, err := s.Find(t.Context(), one.Ref, now)
	suite.Sure(t, "find", err)
	suite.Same(t, "it was touched", got.Seen.After(now), true)
	suite.Same(t, "one caller's times", got.Expires, got.Seen.Add(suite.SessionLife))
}

// oneHolderMarks: of the old and the new holder of a right only the new one's mark counts.
func oneHolderMarks(t *testing.T, s store.Sweeps) {
	now, before, after := suite.Start(), claimOf("marks", "first"), claimOf("marks", "second")
	for _, c := range []store.Claim{before, after} {
		_, ok, err := s.Claim(t.Context(), c, now)
		suite.Sure(t, "claim", err)
		suite.Same(t, "claim", ok, true)
		now = now.Add(c.Hold)
	}
	suite.Together(suite.Crowd, func(i int) {
		c, cursor := before, "of the first"
		if i%2 == 1 {
			c, cursor = after, "of the second"
		}
		ok, err := s.Mark(t.Context(), c, cursor, now)
		if err != nil || ok != (c == after) {
			t.Errorf("mark by the %s holder: %v, %v", c.Holder, ok, err)
		}
	})
	cursor, ok, err := s.Claim(t.Context(), after, now)
	suite.Sure(t, "claim", err)
	suite.Same(t, "the mark that counts", []any{cursor, ok}, []any{"of the second", true})
}

// tidyTogether: a crowd leaves the same as one caller, and takes no grant for dead that is created meanwhile.
func tidyTogether(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("tidy together", 0), suite.Start()
	user := d.UUID()
	grant := func(ref oauth.GrantRef, client int, born time.Time) oauth.Grant {
		return oauth.Grant{
			Ref: ref, Client: oauth.ClientID(fmt.Sprint("client ", client)), User: user, Born: born,
			Expires: born.Add(48 * time.Hour), End: born.Add(48 * time.Hour),
		}
	}
	for i := range 20 {
		dead := grant(d.GrantRef(user), i, now.Add(-2*time.Hour))
		suite.Sure(t, "create", s.Grants.Create(t.Context(), dead))
		suite.Sure(t, "kill", s.Grants.Kill(t.Context(), dead.Ref))
	}
	refs := make([]oauth.GrantRef, suite.Crowd/2)
	for i := range refs {
		refs[i] = d.GrantRef(user)
	}
	suite.Together(suite.Crowd, func(i int) {
		if i%2 == 0 {
			if err := s.Grants.Create(t.Context(), grant(refs[i/2], i, now)); err != nil {
				t.Errorf("create: %v", err)
			}
			return
		}
		if _, err := s.Sweeps.Tidy(t.Context(), user, now); err != nil {
			t.Errorf("tidy: %v", err)
		}
	})
	n, err := s.Sweeps.Tidy(t.Context(), user, now)
	suite.Sure(t, "tidy", err)
	suite.Same(t, "left for a later caller", n, 0)
	suite.Same(t, "grants that live", len(suite.EveryGrant(t, s, store.GrantQuery{User: user, Limit: 100})), len(refs))
}

// allEndingsCount: each of concurrent endings ends its part.
func allEndingsCount(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("endings", 0), suite.Start()
	user := d.UUID()
	grants := make([]oauth.Grant, suite.Crowd)
	for i := range grants {
		grants[i] = suite.SampleGrant(d, user, now)
		grants[i].Client = oauth.ClientID(fmt.Sprint("client ", i))
		suite.Sure(t, "create", s.Grants.Create(t.Context(), grants[i]))
	}
	suite.Together(suite.Crowd-1, func(i int) {
		e := store.Ending{User: user, What: store.EndedClient, Client: grants[i].Client, Now: now, Keep: time.Hour}
		if err := s.Revocations.Raise(t.Context(), e); err != nil {
			t.Errorf("raise: %v", err)
		}
	})
	for i, g := range grants {
		_, err := s.Grants.Get(t.Context(), g.Ref)
		suite.Sure(t, "get", err)
		suite.Same(t, fmt.Sprint("grant ", i, " has ended"), errors.Is(err, store.Absent), i < suite.Crowd-1)
	}
}

// reapTogether: a crowd deletes what one caller would, and nothing else.
func reapTogether(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("reap", 0), suite.Start()
	user := d.UUID()
	for i := range 10 {
		ended := suite.SampleGrant(d, user, now)
		ended.Client = oauth.ClientID(fmt.Sprint("client ", i))
		suite.Sure(t, "create", s.Grants.Create(t.Context(), ended))
	}
	suite.Sure(t, "raise", s.Revocations.Raise(t.Context(), store.Ending{User: user, What: store.EndedGrants, Now: now, Keep: time.Hour}))
	lives := suite.SampleGrant(d, user, now)
	lives.Generation = sessionGeneration(t, s, user, now)
	suite.Sure(t, "create", s.Grants.Create(t.Context(), lives))
	var ended atomic.Int64
	suite.Together(suite.Crowd, func(int) {
		reaped, err := s.Revocations.Reap(t.Context(), store.GrantQuery{User: user, Limit: 100})
		if err != nil {
			t.Errorf("reap: %v", err)
		}
		ended.Add(int64(reaped.Ended))
	})
	suite.Same(t, "all were counted", ended.Load() >= 10, true)
	reaped, err := s.Revocations.Reap(t.Context(), store.GrantQuery{User: user, Limit: 100})
	suite.Sure(t, "reap", err)
	suite.Same(t, "left for a later caller", reaped, store.Reaped{})
	suite.Same(t, "grants that live", len(suite.EveryGrant(t, s, store.GrantQuery{User: user, Limit: 100})), 1)
}

// sessionGeneration returns the generation in which a user's next session begins.
func sessionGeneration(t *testing.T, s suite.Subject, user oauth.UserID, now time.Time) oauth.Generation {
	t.Helper()
	generation, _, err := s.Sessions.Start(t.Context(), suite.SampleSession(suite.Roll("generation", 0), user, now), 5)
	suite.Sure(t, "start", err)
	return generation
}

// killBeatsAdvance: a killed grant is void, whether or not an Advance came first, and every caller that kills it
// succeeds.
func killBeatsAdvance(t *testing.T, s suite.Subject) {
	for seed := range uint64(5) {
		g := suite.GrantAt(t, s, suite.Roll("kill and advance", seed), 1)
		var advanced atomic.Int32
		suite.Together(suite.Crowd, func(i int) {
			if i%5 == 0 {
				if err := s.Grants.Kill(t.Context(), g.Ref); err != nil {
					t.Errorf("kill: %v", err)
				}
				return
			}
			p := suite.Showing(g, g.Born)
			p.Presenter = oauth.DigestOf(fmt.Sprint(i))
			out, err := s.Grants.Advance(t.Context(), p)
			if err != nil {
				t.Errorf("advance: %v", err)
			}
			if out.Verdict == oauth.Advanced {
				advanced.Add(1)
			}
		})
		suite.Same(t, "at most one advanced", advanced.Load() <= 1, true)
		_, err := s.Grants.Get(t.Context(), g.Ref)
		suite.Same(t, "the grant afterwards", err, store.Absent)
	}
}

// revokeBeatsPut: a record that is revoked stays revoked, however many store it again meanwhile, and every caller that
// revokes it succeeds.
func revokeBeatsPut(t *testing.T, s store.Access) {
	d, now := suite.Roll("put and revoke", 0), suite.Start()
	a := oauth.Access{Digest: oauth.DigestOf(d.Ref()), Client: "c", Expires: now.Add(time.Hour)}
	q := store.Query{Digest: a.Digest, Format: oauth.FormatOpaque, Client: store.TagOf(a.Client)}
	suite.Sure(t, "put", s.Put(t.Context(), a, now))
	suite.Together(suite.Crowd, func(i int) {
		if i%5 == 0 {
			if err := s.Revoke(t.Context(), q, a.Expires, now); err != nil {
				t.Errorf("revoke: %v", err)
			}
			return
		}
		if err := s.Put(t.Context(), a, now); err != nil && !errors.Is(err, store.Conflict) {
			t.Errorf("put: %v", err)
		}
	})
	suite.Same(t, "stored again afterwards", s.Put(t.Context(), a, now), store.Conflict)
	got, err := s.Look(t.Context(), q)
	suite.Sure(t, "look", err)
	suite.Same(t, "revoked", []bool{got.Revoked, got.Found}, []bool{true, false})
}

// oneRefund: one of many refunds of one attempt counts.
func oneRefund(t *testing.T, s store.Limits) {
	b, now := store.Budget{Key: limitKey("refunds"), Attempts: 3, Window: time.Hour}, suite.Start()
	for i := range b.Attempts {
		suite.Sure(t, "try", suite.Second(s.Try(t.Context(), store.Attempt(fmt.Sprint(i)), []store.Budget{b}, now)))
	}
	suite.Together(suite.Crowd, func(int) {
		if err := s.Return(t.Context(), store.Counted{Key: b.Key, Attempt: "0"}); err != nil {
			t.Errorf("return: %v", err)
		}
	})
	var allowed []bool
	for i := range 2 {
		got, err := s.Try(t.Context(), store.Attempt(fmt.Sprint("later ", i)), []store.Budget{b}, now)
		suite.Sure(t, "try", err)
		allowed = append(allowed, got[0].Allowed)
	}
	suite.Same(t, "attempts allowed after one refund", allowed, []bool{true, false})
}

// clearOrCount: an attempt beside a Clear is dropped or counted; never more are allowed than the budget has after the
// last Clear.
func clearOrCount(t *testing.T, s store.Limits) {
	b, now := store.Budget{Key: limitKey("clear"), Attempts: 2, Window: time.Hour}, suite.Start()
	suite.Together(suite.Crowd, func(i int) {
		var err error
		if i%5 == 0 {
			err = s.Clear(t.Context(), b.Key)
		} else {
			_, err = s.Try(t.Context(), store.Attempt(fmt.Sprint(i)), []store.Budget{b}, now)
		}
		if err != nil {
			t.Errorf("%v", err)
		}
	})
	suite.Sure(t, "clear", s.Clear(t.Context(), b.Key))
	locked, err := s.Locked(t.Context(), b.Key, now)
	suite.Sure(t, "locked", err)
	suite.Same(t, "locked after a clear", locked.IsZero(), true)
	got, err := s.Try(t.Context(), "after all", []store.Budget{b}, now)
	suite.Sure(t, "try", err)
	suite.Same(t, "allowed after a clear", got[0].Allowed, true)
}
