package granttest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// manyGrants makes so many grants that the user's list is pruned, and kills most of them: the list
// still reports exactly those that live.
func manyGrants(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("many grants", 0), suite.Start()
	user := d.UUID()
	var alive []oauth.GrantRef
	for i := range 60 {
		now = now.Add(2 * time.Minute)
		g := suite.SampleGrant(d, user, now)
		g.End = now.Add(24 * time.Hour)
		suite.Sure(t, "create", s.Grants.Create(t.Context(), g))
		if i%3 > 0 {
			suite.Sure(t, "kill", s.Grants.Kill(t.Context(), g.Ref))
			continue
		}
		alive = append(alive, g.Ref)
	}
	slices.Reverse(alive)
	var got []oauth.GrantRef
	grants := suite.EveryGrant(t, s, store.GrantQuery{User: user, Limit: 7})
	slices.SortFunc(grants, func(a, b oauth.Grant) int { return b.Born.Compare(a.Born) })
	for _, g := range grants {
		got = append(got, g.Ref)
	}
	suite.Same(t, "of user", got, alive)
}

// grantEnds holds a grant to its two ends, to the millisecond, for a code and for a refresh token
// (row R09 of the attacks).
func grantEnds(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("grant ends", 0), suite.Start()
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
			g := suite.SampleGrant(d, d.UUID(), now)
			g.Serial, g.Expires, g.End = serial, now.Add(at.expires), now.Add(at.end)
			suite.Sure(t, name, s.Grants.Create(t.Context(), g))
			got, err := s.Grants.Advance(t.Context(), suite.Showing(g, now.Add(at.shown)))
			suite.Sure(t, name, err)
			suite.Same(t, name, got.Verdict, at.want)
		}
	}
}

// grantGoes holds the store to its time to live: nobody has to clean up.
func grantGoes(t *testing.T, s suite.Subject) {
	d := suite.Roll("a grant goes", 0)
	now := time.Now().UTC().Truncate(time.Millisecond)
	g := suite.SampleGrant(d, d.UUID(), now)
	g.Expires = now.Add(100 * time.Millisecond)
	suite.Sure(t, "create", s.Grants.Create(t.Context(), g))
	suite.EventuallyAbsent(t, "a grant", func() error { return suite.Second(s.Grants.Get(t.Context(), g.Ref)) })

	over := suite.SampleGrant(d, d.UUID(), now)
	over.Expires = now.Add(-time.Hour)
	suite.Sure(t, "create what is over", s.Grants.Create(t.Context(), over))
	if _, err := s.Grants.Get(t.Context(), over.Ref); !errors.Is(err, store.Absent) {
		t.Errorf("a grant that is over was stored: %v", err)
	}
}
