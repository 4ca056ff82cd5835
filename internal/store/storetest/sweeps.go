package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Sweeps is the suite of store.Sweeps.
func Sweeps(t *testing.T, open Open) {
	s := open(t)
	t.Run("one of a crowd has the right", func(t *testing.T) { crowdAtTask(t, s.Sweeps) })
	t.Run("goes on where the last one stopped", func(t *testing.T) { taskGoesOn(t, s.Sweeps) })
	t.Run("tidies a user's lists", func(t *testing.T) { tidy(t, s) })
}

func claimOf(task, holder string) store.Claim {
	return store.Claim{Task: task, Holder: holder, Every: 5 * time.Minute, Hold: time.Minute}
}

func crowdAtTask(t *testing.T, s store.Sweeps) {
	now := start()
	var won atomic.Int64
	together(crowd, func(i int) {
		_, ok, err := s.Claim(t.Context(), claimOf("crowd", fmt.Sprint(i)), now)
		if err != nil {
			t.Errorf("claim: %v", err)
		}
		if ok {
			won.Add(1)
		}
	})
	same(t, "holders", won.Load(), int64(1))
}

func taskGoesOn(t *testing.T, s store.Sweeps) {
	now, a, b := start(), claimOf("goes_on", "a"), claimOf("goes_on", "b")
	step := func(c store.Claim, wantCursor string, wantOK bool) {
		t.Helper()
		cursor, ok, err := s.Claim(t.Context(), c, now)
		sure(t, "claim", err)
		same(t, "claim", []any{cursor, ok}, []any{wantCursor, wantOK})
	}
	mark := func(c store.Claim, cursor string, want bool) {
		t.Helper()
		ok, err := s.Mark(t.Context(), c, cursor, now)
		sure(t, "mark", err)
		same(t, "mark", ok, want)
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
func tidy(t *testing.T, s Subject) {
	d, now := roll("tidy", 0), start()
	user := d.uuid()
	grant := func(born time.Time) oauth.Grant {
		g := oauth.Grant{
			Ref: d.grantRef(user), Type: oauth.GrantAuthorizationCode, Client: "c", User: user, Born: born, Expires: born.Add(48 * time.Hour), End: born.Add(48 * time.Hour),
		}
		sure(t, "create", s.Grants.Create(t.Context(), g))
		return g
	}
	old, dead, young := grant(now.Add(-2*time.Hour)), grant(now.Add(-2*time.Hour)), grant(now)
	sure(t, "kill", s.Grants.Kill(t.Context(), dead.Ref, young.Ref))
	over, live := sampleSession(d, user, now.Add(-time.Minute)), sampleSession(d, user, now)
	over.Expires = now.Add(time.Second)
	sure(t, "start", third(s.Sessions.Start(t.Context(), over, 5)))
	sure(t, "start", third(s.Sessions.Start(t.Context(), live, 5)))

	n, err := s.Sweeps.Tidy(t.Context(), user, now.Add(time.Second+time.Hour))
	sure(t, "tidy", err)
	same(t, "taken out: two dead grants and a session", n, 3)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(time.Second+time.Hour))
	sure(t, "tidy again", err)
	same(t, "taken out again", n, 0)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(sessionLife+time.Hour))
	sure(t, "tidy later", err)
	same(t, "taken out later: the session that ran out", n, 1)
	same(t, "grants that stay", everyGrant(t, s, store.GrantQuery{User: user, Limit: 10}), []oauth.Grant{old})

	end := store.Ending{User: user, What: store.EndedClient, Client: "c", Now: now, Keep: 48 * time.Hour}
	sure(t, "raise", s.Revocations.Raise(t.Context(), end))
	_, err = s.Grants.Get(t.Context(), old.Ref)
	same(t, "a grant after an ending", err, store.Absent)
	n, err = s.Sweeps.Tidy(t.Context(), user, now.Add(3*time.Hour))
	sure(t, "tidy after an ending", err)
	same(t, "taken out after an ending", n, 1)
	older := grant(now.Add(-time.Hour)) // the ending of a single client is forgotten once all of its grants are deleted
	_, err = s.Grants.Get(t.Context(), older.Ref)
	same(t, "a grant after the ending was forgotten", err, nil)
}
