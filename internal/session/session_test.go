package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var (
	ann = oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a01", Name: "ann"}
	bob = oauth.User{ID: "0b6c9a52-7c1e-4c39-9a55-0d2f6f5f3a02", Name: "bob"}
)

// room is the sessions over an embedded Redis, under a clock that the test moves.
type room struct {
	*session.Sessions
	grants store.Grants
	roomtest.Clock
	roomtest.Events
}

func newRoom(t *testing.T, wrap func(store.Sessions) store.Sessions) *room {
	t.Helper()
	r := &room{}
	db := roomtest.Open(t, redisconn.Options{Now: r.Now})
	var sessions store.Sessions = redisstore.NewSessions(db)
	r.grants = redisstore.NewGrants(db)
	if wrap != nil {
		sessions = wrap(sessions)
	}
	r.Sessions = session.New(session.Options{
		Store: sessions, Revocations: redisstore.NewRevocations(db), Events: r, Now: r.Now, Limit: 3, KeepEnding: 48 * time.Hour,
	})
	return r
}

func (r *room) start(t *testing.T, u oauth.User) (oauth.Token, oauth.Session) {
	t.Helper()
	cookie, s, err := r.Start(t.Context(), u, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, "")
	ok(t, err)
	return cookie, s
}

// grant stores a grant that was given in a session; edit may change it.
func (r *room) grant(t *testing.T, id byte, u oauth.User, in oauth.Session, edit ...func(*oauth.Grant)) oauth.GrantRef {
	t.Helper()
	now := r.Now()
	g := oauth.Grant{
		Ref: oauth.NewGrantID(u.ID, in.Root, []byte{id}).Ref(), Client: "app", User: u.ID, Session: in.Ref, Scope: oauth.Scopes{"read"},
		Born: now, Expires: now.Add(time.Hour * 24), End: now.Add(time.Hour * 48), AuthTime: now, Generation: in.Latest,
	}
	for _, change := range edit {
		change(&g)
	}
	ok(t, r.grants.Create(t.Context(), g))
	return g.Ref
}

func (r *room) lives(t *testing.T, ref oauth.GrantRef) bool {
	t.Helper()
	_, err := r.grants.Get(t.Context(), ref)
	if err != nil && !errors.Is(err, store.Absent) {
		t.Fatal(err)
	}
	return err == nil
}

func TestW05_TheReferenceIsNotTheCookie(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	ctx := event.WithOrigin(t.Context(), event.Origin{IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux) Firefox/130.0"})
	cookie, s, err := r.Start(ctx, ann, oauth.Proof{ACR: oauth.ACRPassword, AMR: []string{oauth.AMRPassword}}, "")
	ok(t, err)
	if len(cookie.Reveal()) != 11+43 || strings.Contains(cookie.Reveal(), string(s.Ref)) {
		t.Errorf("cookie of %d characters, reference %s", len(cookie.Reveal()), s.Ref)
	}
	if s.Device != "Firefox on Linux" || s.IP != "192.0.2.7" || s.User != ann.ID || s.Username != "ann" {
		t.Errorf("%+v", s)
	}
	if _, err := r.Find(t.Context(), oauth.Token(s.Ref)); !errors.Is(err, store.Absent) {
		t.Errorf("the reference opens the session: %v", err)
	}
	found, err := r.Find(t.Context(), cookie)
	if err != nil || found.Ref != s.Ref {
		t.Errorf("found %v, %v", found.Ref, err)
	}
	if again, _ := r.start(t, ann); again == cookie {
		t.Error("a cookie came twice")
	}
}

func TestASessionSlidesAndRunsOut(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	cookie, s := r.start(t, ann)
	for range 4 {
		r.Pass(50 * time.Minute)
		if _, err := r.Find(t.Context(), cookie); err != nil {
			t.Fatalf("a session that is used ended: %v", err)
		}
	}
	if alive, err := r.Alive(t.Context(), s.Ref); err != nil || !alive {
		t.Errorf("alive: %v, %v", alive, err)
	}
	r.Pass(time.Hour + time.Second)
	if _, err := r.Find(t.Context(), cookie); !errors.Is(err, store.Absent) {
		t.Errorf("an unused session lives on: %v", err)
	}
	if alive, err := r.Alive(t.Context(), s.Ref); err != nil || alive {
		t.Errorf("alive: %v, %v", alive, err)
	}
}

// counting counts the touches.
type counting struct {
	store.Sessions
	touches int
}

func (c *counting) Touch(ctx context.Context, s oauth.Session) error {
	c.touches++
	return errors.Join(c.Sessions.Touch(ctx, s), errors.New("the touch was lost"))
}

func TestABusyBrowserCostsOneWriteAMinute(t *testing.T) {
	t.Parallel()
	c := &counting{}
	r := newRoom(t, func(s store.Sessions) store.Sessions {
		c.Sessions = s
		return c
	})
	cookie, _ := r.start(t, ann)
	for range 100 {
		r.Pass(3 * time.Second)
		if _, err := r.Find(t.Context(), cookie); err != nil {
			t.Fatalf("a lost touch refuses the person: %v", err)
		}
	}
	if c.touches != 5 {
		t.Errorf("%d touches in 5 minutes", c.touches)
	}
}

func TestTheOldestSessionEndsAndKeepsItsGrants(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	first, s := r.start(t, ann)
	kept := r.grant(t, 1, ann, s)
	for range 3 {
		r.Pass(time.Second)
		r.start(t, ann)
	}
	if _, err := r.Find(t.Context(), first); !errors.Is(err, store.Absent) {
		t.Errorf("the oldest session is there: %v", err)
	}
	if all, err := r.OfUser(t.Context(), ann.ID); err != nil || len(all) != 3 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
	if !r.lives(t, kept) {
		t.Error("signing in elsewhere ended a grant")
	}
	want := event.SessionEnded{User: ann.ID, Session: s.Ref, Reason: session.ReasonLimit}
	if last := r.Emitted()[len(r.Emitted())-1]; last != want {
		t.Errorf("told %+v", last)
	}
}

func TestEndingASessionEndsItsGrants(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	cookie, s := r.start(t, ann)
	_, other := r.start(t, ann)
	mine, others, free := r.grant(t, 1, ann, s), r.grant(t, 2, ann, other), r.grant(t, 3, ann, oauth.Session{})
	ok(t, r.End(t.Context(), s, session.ReasonLogout))
	ok(t, r.End(t.Context(), s, session.ReasonLogout))
	if _, err := r.Find(t.Context(), cookie); !errors.Is(err, store.Absent) {
		t.Errorf("the session is there: %v", err)
	}
	if r.lives(t, mine) || !r.lives(t, others) || !r.lives(t, free) {
		t.Errorf("own grant %v, of another session %v, of none %v", r.lives(t, mine), r.lives(t, others), r.lives(t, free))
	}
}

// unsure ends sessions, and its callers never learn the outcome.
type unsure struct{ store.Sessions }

var errUnsure = errors.New("no answer")

func (u unsure) End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error {
	_ = u.Sessions.End(ctx, user, refs...) // nobody learns what became of it
	return errUnsure
}

// A caller that repeats an End may find no session any more; then nothing of it may be left.
func TestAnEndWhoseOutcomeIsUnknownLeavesNoGrant(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(sessions store.Sessions) store.Sessions {
		return unsure{sessions}
	})
	cookie, s := r.start(t, ann)
	grant := r.grant(t, 1, ann, s)
	if err := r.End(t.Context(), s, session.ReasonLogout); !errors.Is(err, errUnsure) || oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
		t.Errorf("ending: %v", err)
	}
	if r.lives(t, grant) {
		t.Error("the grant lives")
	}
	if err := r.ConfirmEnded(t.Context(), cookie); !errors.Is(err, errUnsure) {
		t.Errorf("what a read does not find is taken for ended: %v", err)
	}
	ok(t, r.ConfirmEnded(t.Context(), ""))
}

func TestReplace(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	cookie, first := r.start(t, ann)
	grant := r.grant(t, 1, ann, first)
	secondCookie, second := r.start(t, ann)
	ok(t, r.Replace(t.Context(), first, second))
	if _, err := r.Find(t.Context(), cookie); !errors.Is(err, store.Absent) || !r.lives(t, grant) {
		t.Errorf("same person: session %v, grant alive %v", err, r.lives(t, grant))
	}
	others := r.grant(t, 2, ann, second)
	_, third := r.start(t, bob)
	ok(t, r.Replace(t.Context(), second, third))
	if _, err := r.Find(t.Context(), secondCookie); !errors.Is(err, store.Absent) || r.lives(t, others) {
		t.Errorf("another person: session %v, grant alive %v", err, r.lives(t, others))
	}
}

func TestEndAll(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	_, here := r.start(t, ann)
	there, _ := r.start(t, ann)
	bobs, _ := r.start(t, bob)
	mine, old, his := r.grant(t, 1, ann, here), r.grant(t, 2, ann, oauth.Session{}), r.grant(t, 3, bob, oauth.Session{})
	ok(t, r.EndAll(t.Context(), ann.ID, here.Ref, "password changed"))
	if _, err := r.Find(t.Context(), there); !errors.Is(err, store.Absent) {
		t.Errorf("the other session: %v", err)
	}
	if !r.lives(t, mine) || r.lives(t, old) {
		t.Error("the wrong grants ended")
	}
	ok(t, r.EndAll(t.Context(), ann.ID, "", "disabled"))
	if all, err := r.OfUser(t.Context(), ann.ID); err != nil || len(all) != 0 || r.lives(t, mine) {
		t.Errorf("%d sessions, %v, grant alive %v", len(all), err, r.lives(t, mine))
	}
	if _, err := r.Find(t.Context(), bobs); err != nil || !r.lives(t, his) {
		t.Errorf("somebody else lost a session or a grant: %v", err)
	}
}

func TestCouldNotAskIsNotNo(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	cookie, s := r.start(t, ann)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, starting := r.Start(ctx, ann, oauth.Proof{}, "")
	_, finding := r.Find(ctx, cookie)
	_, living := r.Alive(ctx, s.Ref)
	for name, err := range map[string]error{
		"start": starting, "find": finding, "alive": living, "end": r.End(ctx, s, ""), "end all": r.EndAll(ctx, ann.ID, "", ""),
	} {
		if oauth.AsError(err).Code != oauth.TemporarilyUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
