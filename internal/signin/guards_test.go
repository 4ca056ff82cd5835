package signin_test

import (
	"slices"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
	"github.com/recipe-web-app/oauth2d/internal/signin"
)

// A password is chosen at its step only: a person who has proved nothing, or need not change it, chooses none.
func TestOnlyTheStepNewPasswordChoosesOne(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	proved, err := r.Password(t.Context(), "ann", password)
	ok(t, err)
	for name, state := range map[string]signin.State{
		"nothing proved": {Account: proved.Account}, "need not change": proved, "nobody": {},
	} {
		_, err := r.Choose(t.Context(), state, fresh, "")
		refused(t, name, err, oauth.AccessDenied)
	}
	r.signIn(t, password) // it is the same as before
}

// The log records that a password has to be changed when that is the next step, and never otherwise.
func TestSealRecordsThatAPasswordHasToBeChanged(t *testing.T) {
	t.Parallel()
	r, facts := newRoom(t), &roomtest.Events{}
	sign := signin.New(signin.Options{Directory: r.people, Sessions: r.sessions, Ring: r.ring, Events: facts, Now: r.clock})
	required := func() bool {
		return slices.Contains(facts.Emitted(), event.Event(event.PasswordChangeRequired{User: r.ann.ID}))
	}
	state, err := r.Password(t.Context(), "ann", password)
	ok(t, err)
	_, err = sign.Seal(t.Context(), state, nil)
	ok(t, err)
	if required() {
		t.Error("recorded for a sign-in that needs no new password")
	}
	r.edit(t, func(u *oauth.User) { u.MustChange = true })
	state, err = r.Password(t.Context(), "ann", password)
	ok(t, err)
	_, err = sign.Seal(t.Context(), state, nil)
	ok(t, err)
	if !required() {
		t.Error("not recorded")
	}
}

// A browser keeps its tag for the same person only. With another's tag, ending that person's browser would end grants of
// this one.
func TestABrowserKeepsItsTagForTheSamePersonOnly(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	_, err := r.people.Create(t.Context(), "bob", password, "", "")
	ok(t, err)
	begin := func(name string, earlier oauth.Token) (oauth.Token, oauth.RootTag) {
		state, err := r.Password(t.Context(), name, password)
		ok(t, err)
		cookie, err := r.Begin(t.Context(), state, earlier)
		ok(t, err)
		found, err := r.sessions.Find(t.Context(), cookie)
		ok(t, err)
		return cookie, found.Root
	}
	first, anns := begin("ann", "")
	second, again := begin("ann", first)
	if again != anns {
		t.Errorf("the tag of the same person changed from %q to %q", anns, again)
	}
	if _, bobs := begin("bob", second); bobs == anns {
		t.Errorf("another person got the tag %q", bobs)
	}
}
