package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Overview is the suite of store.Overview.
func Overview(t *testing.T, open Open) {
	t.Run("counts", func(t *testing.T) { counts(t, open(t)) })
	t.Run("pages of sessions", func(t *testing.T) { pagesOfSessions(t, open(t)) })
	t.Run("a walk misses nobody who moves", func(t *testing.T) { movingSessions(t, open(t)) })
}

func counts(t *testing.T, s Subject) {
	d, now := roll("counts", 0), start()
	is := func(what string, want store.Counts) {
		t.Helper()
		got, err := s.Overview.Counts(t.Context(), now)
		sure(t, what, err)
		same(t, what, got, want)
	}
	is("nothing", store.Counts{})
	sure(t, "put", second(s.Clients.Put(t.Context(), oauth.Client{ID: "one"})))
	sure(t, "put", second(s.Clients.Put(t.Context(), oauth.Client{ID: "two"})))
	sure(t, "put", second(s.Users.Put(t.Context(), oauth.Account{User: oauth.User{ID: d.uuid(), Name: "ann"}})))
	user := d.uuid()
	var all []oauth.Session
	for i := range 4 {
		one := sampleSession(d, user, now.Add(time.Duration(i)*time.Second))
		all = append(all, one)
		sure(t, "start", third(s.Sessions.Start(t.Context(), one, 3)))
	}
	is("one session went for the limit", store.Counts{Clients: 2, Users: 1, Sessions: 3})
	sure(t, "end", s.Sessions.End(t.Context(), user, all[1].Ref))
	sure(t, "delete", s.Clients.Delete(t.Context(), "one"))
	is("after an end", store.Counts{Clients: 1, Users: 1, Sessions: 2})
	now = all[2].Expires
	is("one is over", store.Counts{Clients: 1, Users: 1, Sessions: 1})
}

// walk reads all pages and returns the refs in the order they came.
func walk(t *testing.T, s Subject, limit int, now time.Time) []oauth.SessionRef {
	t.Helper()
	var refs []oauth.SessionRef
	var place store.SessionPlace
	for range 1000 {
		page, next, err := s.Overview.Sessions(t.Context(), place, limit, now)
		sure(t, "page", err)
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

func pagesOfSessions(t *testing.T, s Subject) {
	d, now := roll("pages of sessions", 0), start()
	var all []oauth.Session
	for i := range 23 {
		one := sampleSession(d, d.uuid(), now)
		one.Username = fmt.Sprint("user", i)
		one.Expires = one.Expires.Add(time.Duration(d.IntN(4)) * time.Second) // several of one moment
		sure(t, "start", third(s.Sessions.Start(t.Context(), one, 5)))
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
		same(t, fmt.Sprint("pages of ", limit), walk(t, s, limit, now), want)
	}
	page, place, err := s.Overview.Sessions(t.Context(), store.SessionPlace{}, 5, now)
	sure(t, "page", err)
	same(t, "the records", page, all[:5])
	behind, err := s.Overview.SessionsBehind(t.Context(), store.SessionPlace{}, now)
	sure(t, "behind", err)
	same(t, "behind the beginning", behind, len(all))
	behind, err = s.Overview.SessionsBehind(t.Context(), place, now)
	sure(t, "behind", err)
	if behind >= len(all)-1 {
		t.Errorf("%d of %d are said to lie behind the fifth", behind, len(all))
	}
}

// movingSessions: a session that is used while somebody walks along the list comes once or twice.
func movingSessions(t *testing.T, s Subject) {
	d, now := roll("moving sessions", 0), start()
	want := map[oauth.SessionRef]bool{}
	var all []oauth.Session
	for i := range 12 {
		one := sampleSession(d, d.uuid(), now.Add(time.Duration(i)*time.Millisecond))
		sure(t, "start", third(s.Sessions.Start(t.Context(), one, 5)))
		all, want[one.Ref] = append(all, one), true
	}
	now = now.Add(time.Minute)
	var place store.SessionPlace
	for step := 0; ; step++ {
		page, next, err := s.Overview.Sessions(t.Context(), place, 2, now)
		sure(t, "page", err)
		for _, one := range page {
			delete(want, one.Ref)
		}
		if next == (store.SessionPlace{}) {
			break
		}
		place = next
		if step < len(all) {
			moved := all[step]
			moved.Seen, moved.Expires = now, now.Add(sessionLife)
			sure(t, "touch", s.Sessions.Touch(t.Context(), moved))
		}
	}
	if len(want) > 0 {
		t.Errorf("missed: %v", want)
	}
}
