package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Overview is the suite of store.Overview.
func Overview(t *testing.T, open suite.Open) {
	t.Run("counts", func(t *testing.T) { counts(t, open(t)) })
	t.Run("pages of sessions", func(t *testing.T) { pagesOfSessions(t, open(t)) })
	t.Run("a walk misses nobody who moves", func(t *testing.T) { movingSessions(t, open(t)) })
}

func counts(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("counts", 0), suite.Start()
	is := func(what string, want store.Counts) {
		t.Helper()
		got, err := s.Overview.Counts(t.Context(), now)
		suite.Sure(t, what, err)
		suite.Same(t, what, got, want)
	}
	is("nothing", store.Counts{})
	suite.Sure(t, "put", suite.Second(s.Clients.Put(t.Context(), oauth.Client{ID: "one"})))
	suite.Sure(t, "put", suite.Second(s.Clients.Put(t.Context(), oauth.Client{ID: "two"})))
	suite.Sure(t, "put", suite.Second(s.Users.Put(t.Context(), oauth.Account{User: oauth.User{ID: d.UUID(), Name: "ann"}})))
	user := d.UUID()
	var all []oauth.Session
	for i := range 4 {
		one := suite.SampleSession(d, user, now.Add(time.Duration(i)*time.Second))
		all = append(all, one)
		suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), one, 3)))
	}
	is("one session went for the limit", store.Counts{Clients: 2, Users: 1, Sessions: 3})
	suite.Sure(t, "end", s.Sessions.End(t.Context(), user, all[1].Ref))
	suite.Sure(t, "delete", s.Clients.Delete(t.Context(), "one"))
	is("after an end", store.Counts{Clients: 1, Users: 1, Sessions: 2})
	now = all[2].Expires
	is("one is over", store.Counts{Clients: 1, Users: 1, Sessions: 1})
}

// walk reads all pages and returns the refs in the order they came.
func walk(t *testing.T, s suite.Subject, limit int, now time.Time) []oauth.SessionRef {
	t.Helper()
	var refs []oauth.SessionRef
	var place store.SessionPlace
	for range 1000 {
		page, next, err := s.Overview.Sessions(t.Context(), place, limit, now)
		suite.Sure(t, "page", err)
		if len(page) > limit {
			t.Fatalf("a page of %d sessions, the limit is %d", len(page), limit)
		}
		for _, one := range page {
			refs = append(refs, one.Ref)
		}
		if next == (store.SessionPlace{}) {
			return refs
		}
		place = next
	}
	t.Fatal("the walk does not end")
	return nil
}

func pagesOfSessions(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("pages of sessions", 0), suite.Start()
	var all []oauth.Session
	for i := range 23 {
		one := suite.SampleSession(d, d.UUID(), now)
		one.Username = fmt.Sprint("user", i)
		one.Expires = one.Expires.Add(time.Duration(d.IntN(4)) * time.Second) // several of one moment
		suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), one, 5)))
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b oauth.Session) int {
		return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.Ref, b.Ref))
	})
	var want []oauth.SessionRef
	for _, one := range all {
		want = append(want, one.Ref)
	}
	for _, limit := range []int{1, 2, 7, 23, 100} {
		suite.Same(t, fmt.Sprint("pages of ", limit), walk(t, s, limit, now), want)
	}
	page, place, err := s.Overview.Sessions(t.Context(), store.SessionPlace{}, 5, now)
	suite.Sure(t, "page", err)
	suite.Same(t, "the records", page, all[:5])
	behind, err := s.Overview.SessionsBehind(t.Context(), store.SessionPlace{}, now)
	suite.Sure(t, "behind", err)
	suite.Same(t, "behind the beginning", behind, len(all))
	behind, err = s.Overview.SessionsBehind(t.Context(), place, now)
	suite.Sure(t, "behind", err)
	if behind >= len(all)-1 {
		t.Errorf("%d of %d are said to lie behind the fifth", behind, len(all))
	}
}

// movingSessions: a session that is used while somebody walks along the list comes once or twice.
func movingSessions(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("moving sessions", 0), suite.Start()
	want := map[oauth.SessionRef]bool{}
	var all []oauth.Session
	for i := range 12 {
		one := suite.SampleSession(d, d.UUID(), now.Add(time.Duration(i)*time.Millisecond))
		suite.Sure(t, "start", suite.Third(s.Sessions.Start(t.Context(), one, 5)))
		all, want[one.Ref] = append(all, one), true
	}
	now = now.Add(time.Minute)
	var place store.SessionPlace
	for step := 0; ; step++ {
		page, next, err := s.Overview.Sessions(t.Context(), place, 2, now)
		suite.Sure(t, "page", err)
		for _, one := range page {
			delete(want, one.Ref)
		}
		if next == (store.SessionPlace{}) {
			break
		}
		place = next
		if step < len(all) {
			moved := all[step]
			moved.Seen, moved.Expires = now, now.Add(suite.SessionLife)
			suite.Sure(t, "touch", s.Sessions.Touch(t.Context(), moved))
		}
	}
	if len(want) > 0 {
		t.Errorf("missed: %v", want)
	}
}
