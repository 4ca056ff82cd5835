package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// manyGrants makes so many grants that the user's list is pruned, and kills most of them: the list
// still reports exactly those that live.
func manyGrants(t *testing.T, s Subject) {
	d, now := roll("many grants", 0), start()
	user := d.uuid()
	var alive []oauth.GrantRef
	for i := range 60 {
		now = now.Add(2 * time.Minute)
		g := sampleGrant(d, user, now)
		g.End = now.Add(24 * time.Hour)
		sure(t, "create", s.Grants.Create(t.Context(), g))
		if i%3 > 0 {
			sure(t, "kill", s.Grants.Kill(t.Context(), g.Ref))
			continue
		}
		alive = append(alive, g.Ref)
	}
	slices.Reverse(alive)
	var got []oauth.GrantRef
	grants := everyGrant(t, s, store.GrantQuery{User: user, Limit: 7})
	slices.SortFunc(grants, func(a, b oauth.Grant) int { return b.Born.Compare(a.Born) })
	for _, g := range grants {
		got = append(got, g.Ref)
	}
	same(t, "of user", got, alive)
}

// grantEnds holds a grant to its two ends, to the millisecond, for a code and for a refresh token
// (row R09 of the attacks).
func grantEnds(t *testing.T, s Subject) {
	d, now := roll("grant ends", 0), start()
	for name, at := range map[string]struct {
		expires, end, shown time.Duration
		want                oauth.Verdict
	}{
		"before both":        {time.Minute, time.Hour, time.Minute - time.Millisecond, oauth.Advanced},
		"at the idle end":    {time.Minute, time.Hour, time.Minute, oauth.Expired},
		"before the end":     {time.Hour, time.Minute, time.Minute - time.Millisecond, oauth.Advanced},
		"at the end":         {time.Hour, time.Minute, time.Minute, oauth.Expired},
		"long after the end": {time.Hour, time.Minute, 59 * time.Minute, oauth.Expired},
	} {
		for serial := range uint32(2) {
			g := sampleGrant(d, d.uuid(), now)
			g.Serial, g.Expires, g.End = serial, now.Add(at.expires), now.Add(at.end)
			sure(t, name, s.Grants.Create(t.Context(), g))
			got, err := s.Grants.Advance(t.Context(), showing(g, now.Add(at.shown)))
			sure(t, name, err)
			same(t, name, got.Verdict, at.want)
		}
	}
}

// grantGoes holds the store to its time to live: nobody has to clean up.
func grantGoes(t *testing.T, s Subject) {
	d := roll("a grant goes", 0)
	now := time.Now().UTC().Truncate(time.Millisecond)
	g := sampleGrant(d, d.uuid(), now)
	g.Expires = now.Add(100 * time.Millisecond)
	sure(t, "create", s.Grants.Create(t.Context(), g))
	eventuallyAbsent(t, "a grant", func() error { return second(s.Grants.Get(t.Context(), g.Ref)) })

	over := sampleGrant(d, d.uuid(), now)
	over.Expires = now.Add(-time.Hour)
	sure(t, "create what is over", s.Grants.Create(t.Context(), over))
	if _, err := s.Grants.Get(t.Context(), over.Ref); !errors.Is(err, store.Absent) {
		t.Errorf("a grant that is over was stored: %v", err)
	}
}

// eventuallyAbsent waits for something to go by itself.
func eventuallyAbsent(t *testing.T, what string, ask func() error) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range 500 {
		err := ask()
		if errors.Is(err, store.Absent) {
			return
		}
		sure(t, what, err)
		<-ticker.C
	}
	t.Errorf("%s is still there long after its end", what)
}
