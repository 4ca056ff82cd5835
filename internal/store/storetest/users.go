package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Users is the suite of store.Users.
func Users(t *testing.T, open suite.Open) {
	t.Run("history", func(t *testing.T) {
		suite.Histories(t, "users", func(life *suite.History) {
			h := &userHistory{History: life, s: open(t).Users}
			h.run()
		})
	})
	s := open(t)
	t.Run("one of a crowd takes a name", func(t *testing.T) { oneName(t, s.Users) })
	t.Run("one of a crowd changes a user", func(t *testing.T) { oneChange(t, s.Users) })
	t.Run("one of a crowd deletes a user", func(t *testing.T) { oneDeletion(t, s.Users) })
}

// userHistory is one random life of a directory.
type userHistory struct {
	*suite.History
	s    store.Users
	ids  []oauth.UserID
	live map[oauth.UserID]oauth.Account
}

func (h *userHistory) run() {
	h.live = map[oauth.UserID]oauth.Account{}
	for range 6 {
		h.ids = append(h.ids, h.Dice.UUID())
	}
	for range h.Steps() {
		h.Now = h.Now.Add(time.Second)
		switch h.Dice.IntN(10) {
		case 0, 1, 2, 3:
			h.put()
		case 8:
			h.rename()
		case 4:
			h.remove()
		case 5:
			h.get()
		case 9:
			h.account()
		case 6:
			h.find()
		case 7:
			h.list()
		}
	}
}

func sampleAccount(id oauth.UserID, name string, now time.Time) oauth.Account {
	return oauth.Account{
		User: oauth.User{
			ID: id, Name: name, Email: "a@example.com", EmailVerified: true, DisplayName: "Alice Ä",
			Disabled: true, MustChange: true, Created: now, Updated: now,
		},
		Credentials: oauth.Credentials{PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA"},
	}
}

func (h *userHistory) name() string {
	return suite.Pick(h.Dice, "alice", "Alice", "ALICE", "bob", "straße:*{x}", "STRASSE:*{x}", "Bob", "carol\n\x00")
}

// holder returns the user that has a name, whatever its case.
func (h *userHistory) holder(name string) (oauth.UserID, bool) {
	for id, a := range h.live {
		if fold(a.User.Name) == fold(name) {
			return id, true
		}
	}
	return "", false
}

func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func (h *userHistory) put() {
	a := sampleAccount(suite.Pick(h.Dice, h.ids...), h.name(), h.Now)
	suite.Complete(h.T, a.User, "Revision")
	suite.Complete(h.T, a.Credentials)
	stored, ok := h.live[a.User.ID]
	if ok && !h.Dice.OneIn(6) {
		a.User.Name = stored.User.Name
	}
	a.User.Revision = stored.User.Revision
	switch h.Dice.IntN(6) {
	case 0:
		a.User.Revision++
	case 1:
		a.User.Revision = 0
	}
	if h.Dice.OneIn(3) {
		a.User.Email, a.User.EmailVerified, a.User.DisplayName, a.User.Disabled, a.User.MustChange = "", false, "", false, false
	}
	h.password(&a)
	revision, err := h.s.Put(h.T.Context(), a)
	suite.Sure(h.T, h.Where("put"), err)

	holder, taken := h.holder(a.User.Name)
	renamed := ok && fold(a.User.Name) != fold(stored.User.Name)
	wrong := a.User.Revision != stored.User.Revision || taken && holder != a.User.ID || renamed
	suite.Same(h.T, h.Where("put: conflict"), errors.Is(err, store.Conflict), wrong)
	if !wrong {
		h.took("put", a, revision)
	}
}

// password sets another password, or none.
func (h *userHistory) password(a *oauth.Account) {
	a.Credentials.PasswordHash = suite.Pick(h.Dice, "", "$argon2id$1", "$2b$12$another", a.Credentials.PasswordHash)
}

// took follows a change that was made.
func (h *userHistory) took(what string, a oauth.Account, revision uint64) {
	a.User.Revision++
	suite.Same(h.T, h.Where(what+": revision"), revision, a.User.Revision)
	h.live[a.User.ID] = a
}

// rename changes the name of a user to one which others may have, from the newest revision or another one.
func (h *userHistory) rename() {
	id := suite.Pick(h.Dice, h.ids...)
	stored, ok := h.live[id]
	a := stored
	if !ok {
		a = sampleAccount(id, "nobody", h.Now)
	}
	a.User.Name = h.name()
	if h.Dice.OneIn(4) {
		a.User.Revision++
	}
	h.password(&a)
	revision, err := h.s.Rename(h.T.Context(), a, stored.User.Name)
	suite.Sure(h.T, h.Where("rename"), err)
	holder, taken := h.holder(a.User.Name)
	wrong := !ok || a.User.Revision != stored.User.Revision || taken && holder != id
	suite.Same(h.T, h.Where("rename: conflict"), errors.Is(err, store.Conflict), wrong)
	if !wrong {
		h.took("rename", a, revision)
	}
}

func (h *userHistory) remove() {
	id := suite.Pick(h.Dice, h.ids...)
	err := h.s.Delete(h.T.Context(), id)
	suite.Sure(h.T, h.Where("delete"), err)
	_, ok := h.live[id]
	suite.Same(h.T, h.Where("delete: absent"), errors.Is(err, store.Absent), !ok)
	delete(h.live, id)
}

func (h *userHistory) get() {
	id := suite.Pick(h.Dice, h.ids...)
	got, err := h.s.Get(h.T.Context(), id)
	suite.Sure(h.T, h.Where("get"), err)
	want, ok := h.live[id]
	suite.Same(h.T, h.Where("get: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("get"), got, want.User)
}

func (h *userHistory) account() {
	id := suite.Pick(h.Dice, h.ids...)
	got, err := h.s.Account(h.T.Context(), id)
	suite.Sure(h.T, h.Where("account"), err)
	want, ok := h.live[id]
	suite.Same(h.T, h.Where("account: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("account"), got, want)
}

func (h *userHistory) find() {
	name := h.name()
	got, err := h.s.Find(h.T.Context(), name)
	suite.Sure(h.T, h.Where("find"), err)
	want, ok := h.holder(name)
	suite.Same(h.T, h.Where("find: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("find"), got, want)
}

func (h *userHistory) list() {
	limit := h.Dice.IntN(3) + 1
	suite.Pages(h.T, h.Where("list"), limit, slices.Sorted(maps.Keys(h.live)), func(after oauth.UserID) ([]oauth.UserID, error) {
		return h.s.List(h.T.Context(), after, limit)
	})
}

// oneName: of many concurrent callers one takes a name.
func oneName(t *testing.T, s store.Users) {
	var won atomic.Int32
	now := suite.Start()
	suite.Together(suite.Crowd, func(i int) {
		a := sampleAccount(suite.Roll("one name", uint64(i)).UUID(), []string{"dave", "DAVE"}[i%2], now)
		_, err := s.Put(t.Context(), a)
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, store.Conflict):
			t.Errorf("put: %v", err)
		}
	})
	suite.Same(t, "callers that took the name", won.Load(), int32(1))
	ids, err := s.List(t.Context(), "", suite.Crowd)
	suite.Sure(t, "list", err)
	suite.Same(t, "users that are listed", len(ids), 1)
}

// oneChange: of many changes based on one revision one is made, and it is made whole: the user and the credentials
// are those of one caller. Half of the callers rename.
func oneChange(t *testing.T, s store.Users) {
	a := sampleAccount(suite.Roll("one change", 0).UUID(), "erin", suite.Start())
	revision, err := s.Put(t.Context(), a)
	suite.Sure(t, "put", err)
	a.User.Revision = revision
	var won atomic.Int32
	var kept atomic.Pointer[oauth.Account]
	suite.Together(suite.Crowd, func(i int) {
		mine, change := a, s.Put
		mine.User.DisplayName, mine.Credentials.PasswordHash = fmt.Sprint("caller ", i), fmt.Sprint("hash ", i)
		if i%2 == 0 {
			mine.User.Name = fmt.Sprint("erin", i)
			change = func(ctx context.Context, a oauth.Account) (uint64, error) { return s.Rename(ctx, a, "erin") }
		}
		switch revision, err := change(t.Context(), mine); {
		case err == nil:
			won.Add(1)
			mine.User.Revision = revision
			kept.Store(&mine)
		case !errors.Is(err, store.Conflict):
			t.Errorf("change: %v", err)
		}
	})
	suite.Same(t, "changes that were made", won.Load(), int32(1))
	got, err := s.Account(t.Context(), a.User.ID)
	suite.Sure(t, "account", err)
	suite.Same(t, "the account", got, *kept.Load())
}

// oneDeletion: of many concurrent deletions one succeeds, although the user is renamed meanwhile; the name that the
// user had last is free afterwards, and the next user of that id has no credentials of theirs.
func oneDeletion(t *testing.T, s store.Users) {
	for round := range 10 {
		a := sampleAccount(suite.Roll("one deletion", uint64(round)).UUID(), "frank", suite.Start())
		revision, err := s.Put(t.Context(), a)
		suite.Sure(t, "put", err)
		a.User.Revision = revision
		var deleted atomic.Int32
		suite.Together(8, func(i int) {
			if i == 0 {
				renamed := a
				renamed.User.Name = "frank the second"
				_, err := s.Rename(t.Context(), renamed, "frank")
				if err != nil && !errors.Is(err, store.Conflict) {
					t.Errorf("rename: %v", err)
				}
				return
			}
			switch err := s.Delete(t.Context(), a.User.ID); {
			case err == nil:
				deleted.Add(1)
			case !errors.Is(err, store.Absent):
				t.Errorf("delete: %v", err)
			}
		})
		suite.Same(t, "deletions that succeeded", deleted.Load(), int32(1))
		for _, name := range []string{"frank", "frank the second"} {
			_, err := s.Find(t.Context(), name)
			suite.Same(t, name+" is free", errors.Is(err, store.Absent), true)
		}
		next := oauth.Account{User: oauth.User{ID: a.User.ID, Name: "frank", Revision: 0}}
		next.User.Revision, err = s.Put(t.Context(), next)
		suite.Sure(t, "put", err)
		got, err := s.Account(t.Context(), a.User.ID)
		suite.Sure(t, "account", err)
		suite.Same(t, "the next user of the id", got, next)
		suite.Sure(t, "delete", s.Delete(t.Context(), a.User.ID))
	}
}
