package epoch_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/epoch"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("no answer")

// room is the stores over an embedded Redis, once with the rule in front and once without.
type room struct {
	bare store.Grants

	bareAccess   store.Access
	bareOverview store.Overview

	grants   store.Grants
	access   store.Access
	sessions store.Sessions
	overview store.Overview
	now      time.Time // the epoch, to a second
}

func newRoom(t *testing.T, away error) room {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	db := roomtest.Open(t, redisconn.Options{Now: time.Now})
	of := epoch.Rule{
		Epoch:  func(context.Context) (time.Time, error) { return now, away },
		Client: func(_ context.Context, id oauth.ClientID) (oauth.Client, error) { return oauth.Client{ID: id}, away },
	}
	bare, bareAccess, bareOverview := redisstore.NewGrants(db), redisstore.NewAccess(db), redisstore.NewOverview(db)
	return room{
		bare: bare, bareAccess: bareAccess, bareOverview: bareOverview, grants: epoch.Grants(bare, of), access: epoch.Access(bareAccess, of),
		sessions: epoch.Sessions(redisstore.NewSessions(db), of), overview: epoch.Overview(bareOverview, of), now: now,
	}
}

// grant stores a grant that was given at a time, to somebody who signed in at another.
func (r room) grant(t *testing.T, id byte, born, signedIn time.Time) oauth.Grant {
	t.Helper()
	g := oauth.Grant{
		Ref: oauth.NewGrantID("u", "root", []byte{id}).Ref(), Client: "app", User: "u", Scope: oauth.Scopes{"read"}, Born: born, AuthTime: signedIn,
		Expires: r.now.Add(time.Hour), End: r.now.Add(2 * time.Hour),
	}
	ok(t, r.bare.Create(t.Context(), g))
	return g
}

func (r room) spend(t *testing.T, g oauth.Grant) oauth.Verdict {
	t.Helper()
	got, err := r.grants.Advance(t.Context(), store.Presentation{
		Grant: g.Ref, Client: g.Client, Now: r.now, Keep: time.Hour, Scope: g.Scope, Access: &store.NewAccess{Digest: digestOf(g), Life: time.Hour},
	})
	ok(t, err)
	return got.Verdict
}

func digestOf(g oauth.Grant) oauth.Digest { return oauth.DigestOf("token of " + string(g.Ref)) }

func TestAGrantIsAsOldAsItsSession(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	const ms = time.Millisecond
	for i, row := range []struct {
		born, signedIn time.Duration // behind the epoch
		lives          bool
	}{
		{-ms, -time.Minute, false},
		{-ms, 0, false},
		{0, 0, true},
		{ms, ms, true},
		{time.Minute, -time.Second, false}, // given later, in a session that is over
		{time.Minute, time.Second, true},
	} {
		g := r.grant(t, byte(i), r.now.Add(row.born), r.now.Add(row.signedIn))
		_, err := r.grants.Get(t.Context(), g.Ref)
		if got := err == nil; got != row.lives || err != nil && !errors.Is(err, store.Absent) {
			t.Errorf("%+v: found %v, %v", row, got, err)
		}
		want := oauth.Unknown
		if row.lives {
			want = oauth.Advanced
		}
		if verdict := r.spend(t, g); verdict != want {
			t.Errorf("%+v: %s", row, verdict)
		}
		if _, err := r.bare.Get(t.Context(), g.Ref); errors.Is(err, store.Absent) == row.lives {
			t.Errorf("%+v: after it was shown: %v", row, err)
		}
	}
	page, err := r.grants.OfUser(t.Context(), store.GrantQuery{User: "u", Limit: 100})
	if all := page.Grants; err != nil || len(all) != 3 {
		t.Errorf("the user's grants: %d, %v", len(all), err)
	}
}

func TestTheGrantsOfAUserAreHiddenBeforeTheyAreShown(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	r.grant(t, 1, r.now.Add(-time.Minute), r.now.Add(-time.Minute))
	kept := r.grant(t, 2, r.now, r.now)
	page, err := r.grants.OfUser(t.Context(), store.GrantQuery{User: "u", Limit: 100})
	all := page.Grants
	if err != nil || len(all) != 1 || all[0].Ref != kept.Ref {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestATokenDiesWithItsGrantOrByItself(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	old, young := r.grant(t, 1, r.now.Add(-1), r.now.Add(-time.Minute)), r.grant(t, 2, r.now, r.now)
	for _, g := range []oauth.Grant{old, young} {
		_, err := r.bare.Advance(t.Context(), store.Presentation{Grant: g.Ref, Client: g.Client, Now: r.now, Keep: time.Hour, Scope: g.Scope})
		ok(t, err)
		s, err := r.access.Look(t.Context(), store.Query{Format: oauth.FormatJWT, Grant: g.Ref, Client: store.TagOf("app")})
		if err != nil || s.GrantFound != (g.Ref == young.Ref) || s.Grant.Ref != "" != s.GrantFound {
			t.Errorf("%+v, %v", s, err)
		}
	}
	q := store.Query{Format: oauth.FormatJWT, Client: store.TagOf("app")}
	for _, row := range []struct{ revoked, want time.Time }{
		{time.Time{}, r.now}, {r.now.Add(-time.Minute), r.now}, {r.now.Add(time.Minute), r.now.Add(time.Minute)},
	} {
		if !row.revoked.IsZero() {
			ok(t, r.access.RevokeClient(t.Context(), "app", row.revoked, time.Hour))
		}
		if s, err := r.access.Look(t.Context(), q); err != nil || !s.ClientBefore.Equal(row.want) {
			t.Errorf("revoked before %v: %+v, %v", row.revoked, s, err)
		}
	}
}

func TestASessionThatBeganBeforeIsGone(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	for ref, started := range map[oauth.SessionRef]time.Time{"old": r.now.Add(-time.Millisecond), "young": r.now} {
		s := oauth.Session{Ref: ref, User: "u", Started: started, Seen: r.now, Expires: r.now.Add(time.Hour)}
		_, _, err := r.sessions.Start(t.Context(), s, 9)
		ok(t, err)
	}
	if _, err := r.sessions.Find(t.Context(), "old", r.now); !errors.Is(err, store.Absent) {
		t.Errorf("the older session: %v", err)
	}
	if _, err := r.sessions.Find(t.Context(), "young", r.now); err != nil {
		t.Errorf("the younger session: %v", err)
	}
	mine, err := r.sessions.OfUser(t.Context(), "u", r.now)
	if err != nil || len(mine) != 1 || mine[0].Ref != "young" {
		t.Errorf("the user's: %+v, %v", mine, err)
	}
	all, _, err := r.overview.Sessions(t.Context(), store.SessionPlace{}, 9, r.now)
	if err != nil || len(all) != 1 || all[0].Ref != "young" {
		t.Errorf("everybody's: %+v, %v", all, err)
	}
}

// Without the epoch nothing counts as alive or dead, and nothing is spent.
func TestAnUnknownEpochIsNoAnswer(t *testing.T) {
	t.Parallel()
	r := newRoom(t, errAway)
	ctx, g := t.Context(), r.grant(t, 1, r.now, r.now)
	_, advancing := r.grants.Advance(ctx, store.Presentation{Grant: g.Ref, Client: g.Client, Now: r.now, Keep: time.Hour, Scope: g.Scope})
	_, getting := r.grants.Get(ctx, g.Ref)
	_, listing := r.grants.OfUser(ctx, store.GrantQuery{User: "u"})
	_, looking := r.access.Look(ctx, store.Query{Format: oauth.FormatJWT, Client: store.TagOf("app")})
	_, finding := r.sessions.Find(ctx, "s", r.now)
	_, searching := r.sessions.OfUser(ctx, "u", r.now)
	_, _, paging := r.overview.Sessions(ctx, store.SessionPlace{}, 9, r.now)
	_, summarizing := r.overview.ClientsOfUser(ctx, store.ClientsQuery{User: "u", Limit: 9})
	for what, err := range map[string]error{
		"advance": advancing, "get": getting, "of user": listing, "look": looking, "find": finding, "sessions of user": searching, "overview": paging,
		"clients of user": summarizing,
	} {
		if !errors.Is(err, errAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if kept, err := r.bare.Get(ctx, g.Ref); err != nil || kept.Serial != 0 {
		t.Errorf("the code was spent: %+v, %v", kept, err)
	}
}

// Whether a grant counts depends on its client, too. A client that cannot be read is an error.
func TestF_S01_AGrantEndsWithTheRightsOfItsClient(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	ctx, g := t.Context(), r.grant(t, 1, r.now, r.now)
	for name, row := range map[string]struct {
		client oauth.Client
		err    error
		lives  bool
	}{
		"registered":                   {lives: true},
		"revoked before the grant":     {client: oauth.Client{NotBefore: g.Born}, lives: true},
		"revoked after the grant":      {client: oauth.Client{NotBefore: g.Born.Add(time.Millisecond)}},
		"disabled":                     {client: oauth.Client{Disabled: true}},
		"not registered any more":      {err: store.Absent},
		"cannot be asked for just now": {err: errAway},
	} {
		t.Run(name, func(t *testing.T) {
			rule := epoch.Rule{
				Epoch:  func(context.Context) (time.Time, error) { return time.Time{}, nil },
				Client: func(context.Context, oauth.ClientID) (oauth.Client, error) { return row.client, row.err },
			}
			grants, overview := epoch.Grants(r.bare, rule), epoch.Overview(r.bareOverview, rule)
			access := epoch.Access(r.bareAccess, rule)
			_, err := grants.Get(ctx, g.Ref)
			page, listing := grants.OfUser(ctx, store.GrantQuery{User: "u", Limit: 9})
			clients, summarizing := overview.ClientsOfUser(ctx, store.ClientsQuery{User: "u", Limit: 9})
			standing, looking := access.Look(ctx, store.Query{Format: oauth.FormatJWT, Grant: g.Ref, Client: store.TagOf("app")})
			if errors.Is(row.err, errAway) {
				for _, err := range []error{err, listing, summarizing, looking} {
					if !errors.Is(err, errAway) {
						t.Errorf("%s: %v", name, err)
					}
				}
				return
			}
			lives := []bool{err == nil, len(page.Grants) == 1, len(clients) == 1 && clients[0].Count == 1, standing.GrantFound}
			if err != nil && !errors.Is(err, store.Absent) || errors.Join(listing, summarizing, looking) != nil ||
				slices.Contains(lives, !row.lives) {
				t.Errorf("%s: lives %v, want %v; %v", name, lives, row.lives, errors.Join(err, listing, summarizing, looking))
			}
		})
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
