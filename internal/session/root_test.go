package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The grants of a browser end with its last session, also those that were given before a
// re-authentication replaced the session.
func TestF_S07_ASignOutEndsTheGrantsOfEarlierSessionsOfTheBrowser(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	_, first := r.start(t, ann)
	_, elsewhere := r.start(t, ann)
	given, other := r.grant(t, 1, ann, first), r.grant(t, 2, ann, elsewhere)
	_, second, err := r.Start(t.Context(), ann, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, first.Root)
	ok(t, err)
	ok(t, r.Replace(t.Context(), first, second))
	if !r.lives(t, given) {
		t.Fatal("the re-authentication ended the grant")
	}
	ok(t, r.End(t.Context(), second, session.ReasonLogout))
	if r.lives(t, given) || !r.lives(t, other) {
		t.Errorf("after the sign-out: the earlier grant lives %v, one of another browser %v", r.lives(t, given), r.lives(t, other))
	}
}

// A grant with offline_access survives a sign-out, and nothing else (OIDC Back-Channel Logout §2.7).
func TestF_P06_WhatEndsAGrantThatSurvivesASignOut(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		end   func(r *room, s oauth.Session) error
		lives bool
	}{
		"sign-out":            {func(r *room, s oauth.Session) error { return r.End(t.Context(), s, "") }, true},
		"sign-out everywhere": {func(r *room, s oauth.Session) error { return r.EndAll(t.Context(), s.User, "", "") }, false},
		"another password": {func(r *room, s oauth.Session) error {
			return r.EndAllAround(t.Context(), s.User, "", "", func(context.Context) error { return nil })
		}, false},
		"revocation of the grants": {func(r *room, s oauth.Session) error {
			_, err := r.EndGrants(t.Context(), s.User, "")
			return err
		}, false},
		"withdrawal": {func(r *room, s oauth.Session) error {
			_, err := r.EndGrants(t.Context(), s.User, "app")
			return err
		}, false},
		"sign-out everywhere else": {func(r *room, s oauth.Session) error {
			_, other := r.start(t, ann)
			return r.EndAll(t.Context(), s.User, other.Ref, "")
		}, false},
	} {
		r := newRoom(t, nil)
		_, s := r.start(t, ann)
		offline := r.grant(t, 1, ann, s, func(g *oauth.Grant) { g.Offline = true })
		online := r.grant(t, 2, ann, s)
		ok(t, row.end(r, s))
		if r.lives(t, offline) != row.lives || r.lives(t, online) {
			t.Errorf("%s: with offline_access lives %v, without %v", name, r.lives(t, offline), r.lives(t, online))
		}
	}
}

// A session that is used all the time ends all the same.
func TestF_S19_ASessionDoesNotSlideForEver(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	cookie, _ := r.start(t, ann)
	for range 24 {
		r.Pass(30*time.Minute - time.Second)
		if _, err := r.Find(t.Context(), cookie); err != nil {
			t.Fatalf("after %v: %v", r.Now(), err)
		}
	}
	r.Pass(24 * time.Second)
	if found, err := r.Find(t.Context(), cookie); !errors.Is(err, store.Absent) {
		t.Errorf("after 12 hours: %+v, %v", found, err)
	}
}
