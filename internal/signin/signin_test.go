package signin_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/directory"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/session"
	"github.com/recipe-web-app/oauth2d/internal/signin"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const password, fresh = "correct horse battery", "battery staple correct"

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails unless err is a refusal with the code.
func refused(t *testing.T, what string, err error, code oauth.Code) {
	t.Helper()
	if err == nil || oauth.AsError(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// room is a SignIn on embedded Redis.
type room struct {
	*signin.SignIn
	people   *directory.Directory
	sessions *session.Sessions
	users    *puts
	ring     *keyring.Ring
	ann      oauth.User
	now      atomic.Int64
}

func (r *room) clock() time.Time { return time.UnixMilli(r.now.Load()) }

// puts is a store of users whose writes can fail.
type puts struct {
	store.Users
	away atomic.Bool
}

func (p *puts) Put(ctx context.Context, a oauth.Account) (uint64, error) {
	if p.away.Load() {
		return 0, errors.New("away")
	}
	return p.Users.Put(ctx, a)
}

func newRoom(t *testing.T) *room {
	t.Helper()
	db := roomtest.Open(t, redisconn.Options{})
	r := &room{users: &puts{Users: redisstore.NewUsers(db)}}
	r.now.Store(time.Now().UnixMilli())
	now := r.clock
	ring := roomtest.Ring(t, db, keyring.Options{Now: now})
	r.ring = ring
	r.people = directory.New(directory.Options{
		Store: r.users, Hasher: secret.NewHasher(secret.HasherOptions{Memory: 64, Time: 1, Queue: 100}), Events: event.Sinks{}, Now: now,
	})
	r.sessions = session.New(session.Options{
		Store: redisstore.NewSessions(db), Revocations: redisstore.NewRevocations(db), Events: event.Sinks{}, Now: now, KeepEnding: time.Hour,
	})
	r.SignIn = signin.New(signin.Options{Directory: r.people, Sessions: r.sessions, Ring: ring, Events: event.Sinks{}, Now: now})
	var err error
	r.ann, err = r.people.Create(t.Context(), "ann", password, "", "")
	ok(t, err)
	return r
}

func (r *room) edit(t *testing.T, to func(*oauth.User)) {
	t.Helper()
	_, _, err := r.people.Change(t.Context(), r.ann.ID, func(u *oauth.User) error { to(u); return nil })
	ok(t, err)
}

// signIn signs ann in in another browser.
func (r *room) signIn(t *testing.T, typed string) (oauth.Token, oauth.Session) {
	t.Helper()
	state, err := r.Password(t.Context(), "ann", typed)
	ok(t, err)
	cookie, err := r.Begin(t.Context(), state, "")
	ok(t, err)
	found, err := r.sessions.Find(t.Context(), cookie)
	ok(t, err)
	return cookie, found
}

func (r *room) alive(t *testing.T, cookie oauth.Token) bool {
	t.Helper()
	_, err := r.sessions.Find(t.Context(), cookie)
	if err != nil && !errors.Is(err, store.Absent) {
		t.Fatal(err)
	}
	return err == nil
}

func TestNext(t *testing.T) {
	t.Parallel()
	pwd, mustChange := []string{oauth.AMRPassword}, oauth.Account{User: oauth.User{MustChange: true}}
	for name, row := range map[string]struct {
		state signin.State
		want  signin.Step
	}{
		"nothing proved":                {signin.State{}, signin.Password},
		"a user and nothing proved":     {signin.State{Account: oauth.Account{User: oauth.User{ID: "u"}}}, signin.Password},
		"another factor only":           {signin.State{Methods: []string{"otp"}}, signin.Password},
		"must change, nothing proved":   {signin.State{Account: mustChange}, signin.Password},
		"the password":                  {signin.State{Methods: pwd}, signin.Session},
		"the password, and must change": {signin.State{Account: mustChange, Methods: pwd}, signin.NewPassword},
	} {
		if got := signin.Next(row.state); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// I1: only a sign-in that is through begins a session.
func TestNoSessionBeginsBeforeTheLastStep(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	_, err := r.Begin(t.Context(), signin.State{Account: oauth.Account{User: r.ann}}, "")
	refused(t, "nothing proved", err, oauth.AccessDenied)
	r.edit(t, func(u *oauth.User) { u.MustChange = true })
	state, err := r.Password(t.Context(), "ann", password)
	ok(t, err)
	_, err = r.Begin(t.Context(), state, "")
	refused(t, "must change", err, oauth.AccessDenied)
	if all, err := r.sessions.OfUser(t.Context(), r.ann.ID); err != nil || len(all) != 0 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

// The session says by which methods the user signed in.
func TestASessionHoldsTheMethods(t *testing.T) {
	t.Parallel()
	_, s := newRoom(t).signIn(t, password)
	if s.ACR != oauth.ACRPassword || len(s.AMR) != 1 || s.AMR[0] != oauth.AMRPassword {
		t.Errorf("acr %q, amr %v", s.ACR, s.AMR)
	}
}

// I3: a sign-in that was right when it began, and is not any more, leaves no session.
func TestASessionEndsWhoseUserLostTheRightMeanwhile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *room){
		"disabled":         func(t *testing.T, r *room) { r.edit(t, func(u *oauth.User) { u.Disabled = true }) },
		"must change":      func(t *testing.T, r *room) { r.edit(t, func(u *oauth.User) { u.MustChange = true }) },
		"deleted":          func(t *testing.T, r *room) { ok(t, r.people.Delete(t.Context(), r.ann.ID)) },
		"another password": func(t *testing.T, r *room) { _, _, err := r.SetPassword(t.Context(), r.ann, fresh, false); ok(t, err) },
	} {
		r := newRoom(t)
		state, err := r.Password(t.Context(), "ann", password)
		ok(t, err)
		change(t, r)
		_, err = r.Begin(t.Context(), state, "")
		refused(t, name, err, oauth.AccessDenied)
		if all, err := r.sessions.OfUser(t.Context(), r.ann.ID); err != nil || len(all) != 0 {
			t.Errorf("%s: %d sessions, %v", name, len(all), err)
		}
	}
}

// I2: a change of a password, by anybody and anywhere, ends every session of before; a change that fails leaves the
// browser that asked for it signed in.
func TestAPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *room, oauth.Session) (oauth.Token, error){
		"the account page": func(t *testing.T, r *room, s oauth.Session) (oauth.Token, error) {
			return r.ChangePassword(t.Context(), s, password, fresh)
		},
		"the sign-in page": func(t *testing.T, r *room, _ oauth.Session) (oauth.Token, error) {
			r.edit(t, func(u *oauth.User) { u.MustChange = true })
			state, err := r.Password(t.Context(), "ann", password)
			ok(t, err)
			return r.Choose(t.Context(), state, fresh, "")
		},
		"an operator": func(t *testing.T, r *room, _ oauth.Session) (oauth.Token, error) {
			_, _, err := r.SetPassword(t.Context(), r.ann, fresh, false)
			return "", err
		},
	} {
		r := newRoom(t)
		here, s := r.signIn(t, password)
		there, _ := r.signIn(t, password)
		cookie, err := change(t, r, s)
		if err != nil || r.alive(t, here) || r.alive(t, there) {
			t.Errorf("%s: %v; an earlier session lives: %v, %v", name, err, r.alive(t, here), r.alive(t, there))
		}
		if cookie != "" && !r.alive(t, cookie) || cookie == "" && name != "an operator" {
			t.Errorf("%s: the new cookie opens no session", name)
		}
		_, err = r.Password(t.Context(), "ann", password)
		refused(t, name+": the old password", err, oauth.AccessDenied)
		r.signIn(t, fresh)
	}
	r := newRoom(t)
	here, s := r.signIn(t, password)
	there, _ := r.signIn(t, password)
	r.users.away.Store(true)
	_, err := r.ChangePassword(t.Context(), s, password, fresh)
	refused(t, "the store away", err, oauth.TemporarilyUnavailable)
	r.users.away.Store(false)
	if !r.alive(t, here) || r.alive(t, there) {
		t.Errorf("after a change that failed: this session lives %v, the other one %v", r.alive(t, here), r.alive(t, there))
	}
}

func TestAPasswordThatCannotBeChosenChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	here, s := r.signIn(t, password)
	_, err := r.ChangePassword(t.Context(), s, password, password)
	if !errors.Is(err, directory.ErrSamePassword) {
		t.Errorf("the same one: %v", err)
	}
	_, err = r.ChangePassword(t.Context(), s, password, "short")
	refused(t, "a short one", err, oauth.InvalidRequest)
	_, err = r.ChangePassword(t.Context(), s, "wrong", fresh)
	refused(t, "a wrong one", err, oauth.AccessDenied)
	if !r.alive(t, here) {
		t.Error("the session ended")
	}
	r.signIn(t, password)
}

// Of two browsers that choose with one proved password one gets what it chose.
func TestOneOfTwoChoices(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.edit(t, func(u *oauth.User) { u.MustChange = true })
	state, err := r.Password(t.Context(), "ann", password)
	ok(t, err)
	var won atomic.Int32
	var both sync.WaitGroup
	for _, chosen := range []string{"battery staple one", "battery staple two"} {
		both.Go(func() {
			switch _, err := r.Choose(context.Background(), state, chosen, ""); {
			case err == nil:
				won.Add(1)
			case oauth.AsError(err).Code != oauth.AccessDenied:
				t.Error(err)
			}
		})
	}
	both.Wait()
	if won.Load() > 1 {
		t.Errorf("%d choices were made", won.Load())
	}
}

func TestAContinuationIsForOneBrowserAndAShortTime(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.edit(t, func(u *oauth.User) { u.MustChange = true })
	state, err := r.Password(t.Context(), "ann", password)
	ok(t, err)
	mine, other := oauth.Browser{oauth.Token("one browser")}, oauth.Browser{oauth.Token("another browser")}
	sealed, err := r.Seal(t.Context(), state, mine)
	ok(t, err)
	got, err := r.Resume(t.Context(), sealed, mine)
	if err != nil || got.Account.User.ID != r.ann.ID || signin.Next(got) != signin.NewPassword {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = r.Resume(t.Context(), sealed, other)
	refused(t, "another browser", err, oauth.StaleInteraction)
	_, err = r.Resume(t.Context(), "A"+sealed, mine)
	refused(t, "a changed text", err, oauth.StaleInteraction)
	over := func(why string) {
		t.Helper()
		if _, err := r.Resume(t.Context(), sealed, mine); !errors.Is(err, store.Absent) {
			t.Errorf("%s: %v", why, err)
		}
	}
	r.edit(t, func(u *oauth.User) { u.Disabled = true })
	over("disabled")
	r.edit(t, func(u *oauth.User) { u.Disabled = false })
	r.now.Add(signin.ContinuationLife.Milliseconds() + 1)
	over("too late")
	sealed, err = r.Seal(t.Context(), state, mine)
	ok(t, err)
	_, _, err = r.people.SetPassword(t.Context(), r.ann.ID, fresh, true)
	ok(t, err)
	over("another password")
}
