package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Sweeps is the suite of store.Sweeps.
func Sweeps(t *testing.T, open suite.Open) {
	s := open(t)
	t.Run("one of a crowd has the right", func(t *testing.T) { crowdAtTask(t, s.Sweeps) })
	t.Run("goes on where the last one stopped", func(t *testing.T) { taskGoesOn(t, s.Sweeps) })
	t.Run("tidies a user's lists", func(t *testing.T) { tidy(t, s) })
}

func claimOf(task, holder string) store.Claim {
	return store.Claim{Task: task, Holder: holder, Every: 5 * time.Minute, Hold: time.Minute}
}

func crowdAtTask(t *testing.T, s store.Sweeps) {
	now := suite.Start()
	var won atomic.Int64
	suite.Together(suite.Crowd, func(i int) {
		_, ok, err := s.Claim(t.Context(), claimOf("crowd", fmt.Sprint(i)), now)
		if err != nil {
			t.Errorf("claim: %v", err)
		}
		if ok {
			won.Add(1)
		}
	})
	suite.Same(t, "holders", won.Load(), int64(1))
}

func taskGoesOn(t *testing.T, s store.Sweeps) {
	now, a, b := suite.Start(), claimOf("goes_on", "a"), claimOf("goes_on", "b")
	step := func(c store.Claim, wantCursor string, wantOK bool) {
		t.Helper()
		cursor, ok, err := s.Claim(t.Context(), c, now)
		suite.Sure(t, "claim", err)
		suite.Same(t, "claim", []any{cursor, ok}, []any{wantCursor, wantOK})
	}
	mark := func(c store.Claim, cursor string, want bool) {
		t.Helper()
		ok, err := s.Mark(t.Context(), c, cursor, now)
		suite.Sure(t, "mark", err)
		suite.Same(t, "mark", ok, want)
	}
	mark(a, "x", false)
	step(a, "", true)
	step(b, "", false)
	step(a, "", true)
	mark(a, "page 1", true)
	now = now.Add(59 * time.Second)
	step(b, "", false)
	now = now.Add(time.Second)
	step(b, "page 1", true) // a is silent for too long
	mark(a, "page 2", false)
	mark(b, "", true)
	step(a, "", false) // it was completed just now
	now = now.Add(5 * time.Minute)
	step(a, "", true)
	mark(a, "", true)
	a.Every = 0
	step(a, "", true) // somebody wants it done now
}

// tidy: what is over leaves the lists, and nothing else does.
func tidy(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("tidy", 0), suite.Start()
	user := d.UUID()
	grant := func(born time.Time) oauth.Grant {
		g := oauth.Grant{
			Ref: d.GrantRef(user), Type: oauth.GrantAuthorizationCode, Client: "c", User: user, Born: born, Expires: born.Add(48 * time.Hour), End: born.Add(48 * time.Hour),
		}
		suite.Sure(t, "create", s.Grants.Create(t.Context(), g))
		return g
	}
	old, dead, young := grant(now.Add(-2*time.Hour)), grant(now.Add(-2*time.Hour)), grant(now)
	suite.Sure(t, "kill", s.Grants.Kill(t.Context(), dead.Ref, young.Ref))
	over, live := suite.SampleSession(d, user, now.Add(-time.Minute)), suite.SampleSession(d, user, now)
	over.Expires = now.Add(time.Second)
	suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), over, 5)))
	suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), live, 5)))

	n, err := s.Sweeps.Tidy(t.Context(), user, now.Add(time.Second+time.Hour))
	suite.Sure(t, "tidy", err)
	suite.Same(t, "taken out: two dead grants and a session", n, 3)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(time.Second+time.Hour))
	suite.Sure(t, "tidy again", err)
	suite.Same(t, "taken out again", n, 0)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(suite.SessionLife+time.Hour))
	suite.Sure(t, "tidy later", err)
	suite.Same(t, "taken out later: the session that ran out", n, 1)
	suite.Same(t, "grants that stay", suite.EveryGrant(t, s, store.GrantQuery{User: user, Limit: 10}), []oauth.Grant{old})

	end := store.Ending{User: user, What: store.EndedClient, Client: "c", Now: now, Keep: 48 * time.Hour}
	suite.Sure(t, "raise", s.Revocations.Raise(t.Context(), end))
	_, err = s.Grants.Get(t.Context(), old.Ref)
	suite.Same(t, "a grant after an ending", err, store.Absent)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(3*time.Hour))
	suite.Sure(t, "tidy after an ending", err)
	suite.Same(t, "taken out after an ending", n, 1)
	older := grant(now.Add(-time.Hour)) // the ending of a single client is forgotten once all of its grants are deleted
	_, err = s.Grants.Get(t.Context(), older.Ref)
	suite.Same(t, "a grant after the ending was forgotten", err, nil)
}
