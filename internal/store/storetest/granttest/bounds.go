package granttest

import (
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// lives reports whether a grant is there.
func lives(t *testing.T, s suite.Subject, ref oauth.GrantRef) bool {
	t.Helper()
	_, err := s.Grants.Get(t.Context(), ref)
	suite.Sure(t, "get", err)
	return !errors.Is(err, store.Absent)
}

// boundedGrants: however many callers create grants of one user and client at once, so many live afterwards
// as are allowed, and the oldest are those that ended. What is dead already does not count, and other
// clients keep theirs.
func boundedGrants(t *testing.T, s suite.Subject) {
	const most = oauth.MaxGrantsOfClient
	d, now := suite.Roll("bounded grants", 0), suite.Start()
	user := d.UUID()
	create := func(client oauth.ClientID, age time.Duration) oauth.Grant {
		g := suite.SampleGrant(d, user, now.Add(-age))
		g.Client, g.Serial, g.Expires, g.End = client, 1, now.Add(time.Hour), now.Add(time.Hour)
		return g
	}
	store := func(g oauth.Grant) { suite.Sure(t, "create", s.Grants.Create(t.Context(), g)) }
	other := create("other-app", 2*time.Hour)
	store(other)
	var old []oauth.Grant
	for i := range most {
		old = append(old, create("recipe-app", time.Hour-time.Duration(i)*time.Second))
		store(old[i])
	}
	suite.Sure(t, "kill", s.Grants.Kill(t.Context(), old[0].Ref, old[1].Ref))
	young := make([]oauth.Grant, suite.Crowd)
	for i := range young {
		young[i] = create("recipe-app", time.Duration(i)*time.Millisecond)
	}
	store(young[0])
	store(young[1])
	suite.Same(t, "the oldest, with two dead ones to make room", lives(t, s, old[2].Ref), true)
	suite.Together(suite.Crowd-2, func(i int) { store(young[i+2]) })
	for i, g := range old[2:] {
		suite.Same(t, "an old grant", lives(t, s, g.Ref), i >= suite.Crowd-2)
	}
	for _, g := range young {
		suite.Same(t, "a new grant", lives(t, s, g.Ref), true)
	}
	suite.Same(t, "another client's", lives(t, s, other.Ref), true)
}

// boundedCodes: of one browser and client so many codes wait as are allowed; those that were redeemed do not
// count, and neither do those of another browser.
func boundedCodes(t *testing.T, s suite.Subject) {
	const most = oauth.MaxCodesOfBrowser
	d, now := suite.Roll("bounded codes", 0), suite.Start()
	user := d.UUID()
	code := func(root oauth.RootTag, client oauth.ClientID, age int) oauth.Grant {
		g := suite.SampleGrant(d, user, now.Add(-time.Duration(age)*time.Millisecond))
		random := oauth.DigestOf(d.Ref())
		g.Ref, g.Client, g.End = oauth.NewGrantID(user, root, random[:oauth.GrantEntropy]).Ref(), client, now.Add(time.Hour)
		suite.Sure(t, "create", s.Grants.Create(t.Context(), g))
		return g
	}
	elsewhere, otherApp := code("BBBB", "recipe-app", 99), code("AAAA", "other-app", 99)
	redeemed := code("AAAA", "recipe-app", 98)
	out, err := s.Grants.Advance(t.Context(), suite.Showing(redeemed, now))
	suite.Sure(t, "redeem", err)
	suite.Same(t, "redeem", out.Verdict, oauth.Advanced)
	var codes []oauth.Grant
	for i := range most {
		codes = append(codes, code("AAAA", "recipe-app", 50-i))
	}
	for _, g := range codes {
		suite.Same(t, "as many as are allowed", lives(t, s, g.Ref), true)
	}
	codes = append(codes, code("AAAA", "recipe-app", 2), code("AAAA", "recipe-app", 1))
	for i, g := range codes {
		suite.Same(t, "after two more", lives(t, s, g.Ref), i >= 2)
	}
	for _, g := range []oauth.Grant{elsewhere, otherApp, redeemed} {
		suite.Same(t, "what does not count", lives(t, s, g.Ref), true)
	}
}
