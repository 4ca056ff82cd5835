package storetest

import (
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
)

// Users is the suite of store.Users.
func Users(t *testing.T, open Open) {
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(seeds) {
			h := &userHistory{t: t, s: open(t).Users, d: roll("users", seed), now: start(), seed: seed}
			h.run()
		}
	})
	s := open(t)
	t.Run("one of a crowd takes a name", func(t *testing.T) { oneName(t, s.Users) })
	t.Run("one of a crowd changes a user", func(t *testing.T) { oneChange(t, s.Users) })
}

// userHistory is one random life of a directory.
type userHistory struct {
	t    *testing.T
	s    store.Users
	d    dice
	now  time.Time
	seed uint64
	step int
	ids  []oauth.UserID
	live map[oauth.UserID]oauth.User
}

func (h *userHistory) where(what string) string {
	return fmt.Sprintf("seed %d step %d: %s", h.seed, h.step, what)
}

func (h *userHistory) run() {
	h.live = map[oauth.UserID]oauth.User{}
	for range 6 {
		h.ids = append(h.ids, h.d.uuid())
	}
	for h.step = range steps {
		h.now = h.now.Add(time.Second)
		switch h.d.IntN(9) {
		case 0, 1, 2, 3:
			h.put()
		case 8:
			h.rename()
		case 4:
			h.remove()
		case 5:
			h.get()
		case 6:
			h.find()
		case 7:
			h.list()
		}
	}
}

func sampleUser(id oauth.UserID, name string, now time.Time) oauth.User {
	return oauth.User{
		ID: id, Name: name, Email: "a@example.com", EmailVerified: true, DisplayName: "Alice Ä",
		PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", Disabled: true, MustChange: true, Created: now, Updated: now,
	}
}

func (h *userHistory) name() string {
	return pick(h.d, "alice", "Alice", "ALICE", "bob", "straße:*{x}", "STRASSE:*{x}", "Bob", "carol\n\x00")
}

// holder is who has a name, whatever its case.
func (h *userHistory) holder(name string) (oauth.User, bool) {
	for _, u := range h.live {
		if fold(u.Name) == fold(name) {
			return u, true
		}
	}
	return oauth.User{}, false
}

func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func (h *userHistory) put() {
	u := sampleUser(pick(h.d, h.ids...), h.name(), h.now)
	complete(h.t, u, "Revision")
	stored, ok := h.live[u.ID]
	if ok && !h.d.oneIn(6) {
		u.Name = stored.Name
	}
	u.Revision = stored.Revision
	switch h.d.IntN(6) {
	case 0:
		u.Revision++
	case 1:
		u.Revision = 0
	}
	if h.d.oneIn(3) {
		u.Email, u.EmailVerified, u.DisplayName, u.Disabled, u.MustChange = "", false, "", false, false
	}
	revision, err := h.s.Put(h.t.Context(), u)
	sure(h.t, h.where("put"), err)

	holder, taken := h.holder(u.Name)
	renamed := ok && fold(u.Name) != fold(stored.Name)
	wrong := u.Revision != stored.Revision || taken && holder.ID != u.ID || renamed
	same(h.t, h.where("put: conflict"), errors.Is(err, store.Conflict), wrong)
	if !wrong {
		u.Revision++
		same(h.t, h.where("put: revision"), revision, u.Revision)
		h.live[u.ID] = u
	}
}

// rename changes the name of a user to one which others may have, from the newest revision or another one.
func (h *userHistory) rename() {
	id := pick(h.d, h.ids...)
	stored, ok := h.live[id]
	u := stored
	if !ok {
		u = sampleUser(id, "nobody", h.now)
	}
	u.Name = h.name()
	if h.d.oneIn(4) {
		u.Revision++
	}
	revision, err := h.s.Rename(h.t.Context(), u, stored.Name)
	sure(h.t, h.where("rename"), err)
	holder, taken := h.holder(u.Name)
	wrong := !ok || u.Revision != stored.Revision || taken && holder.ID != id
	same(h.t, h.where("rename: conflict"), errors.Is(err, store.Conflict), wrong)
	if !wrong {
		u.Revision++
		same(h.t, h.where("rename: revision"), revision, u.Revision)
		h.live[id] = u
	}
}

func (h *userHistory) remove() {
	id := pick(h.d, h.ids...)
	err := h.s.Delete(h.t.Context(), id)
	sure(h.t, h.where("delete"), err)
	_, ok := h.live[id]
	same(h.t, h.where("delete: absent"), errors.Is(err, store.Absent), !ok)
	delete(h.live, id)
}

func (h *userHistory) get() {
	id := pick(h.d, h.ids...)
	got, err := h.s.Get(h.t.Context(), id)
	sure(h.t, h.where("get"), err)
	want, ok := h.live[id]
	same(h.t, h.where("get: absent"), errors.Is(err, store.Absent), !ok)
	same(h.t, h.where("get"), got, want)
}

func (h *userHistory) find() {
	name := h.name()
	got, err := h.s.Find(h.t.Context(), name)
	sure(h.t, h.where("find"), err)
	want, ok := h.holder(name)
	same(h.t, h.where("find: absent"), errors.Is(err, store.Absent), !ok)
	same(h.t, h.where("find"), got, want)
}

func (h *userHistory) list() {
	limit := h.d.IntN(3) + 1
	pages(h.t, h.where("list"), limit, slices.Sorted(maps.Keys(h.live)), func(after oauth.UserID) ([]oauth.UserID, error) {
		return h.s.List(h.t.Context(), after, limit)
	})
}

// pages reads a list from end to end.
func pages[ID ~string](t *testing.T, where string, limit int, want []ID, page func(after ID) ([]ID, error)) {
	t.Helper()
	var got []ID
	var after ID
	for {
		ids, err := page(after)
		sure(t, where, err)
		if len(ids) > limit {
			t.Fatalf("%s: %d ids on a page of %d", where, len(ids), limit)
		}
		if len(ids) == 0 {
			break
		}
		got, after = append(got, ids...), ids[len(ids)-1]
	}
	same(t, where, got, want)
}

// oneName: two people cannot both take a name.
func oneName(t *testing.T, s store.Users) {
	var won atomic.Int32
	now := start()
	together(crowd, func(i int) {
		u := sampleUser(roll("one name", uint64(i)).uuid(), []string{"dave", "DAVE"}[i%2], now)
		_, err := s.Put(t.Context(), u)
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, store.Conflict):
			t.Errorf("put: %v", err)
		}
	})
	same(t, "who took the name", won.Load(), int32(1))
	ids, err := s.List(t.Context(), "", crowd)
	sure(t, "list", err)
	same(t, "users that are listed", len(ids), 1)
}

// oneChange: of many changes based on one revision one is made.
func oneChange(t *testing.T, s store.Users) {
	u := sampleUser(roll("one change", 0).uuid(), "erin", start())
	revision, err := s.Put(t.Context(), u)
	sure(t, "put", err)
	u.Revision = revision
	var won atomic.Int32
	together(crowd, func(int) {
		switch _, err := s.Put(t.Context(), u); {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, store.Conflict):
			t.Errorf("put: %v", err)
		}
	})
	same(t, "changes that were made", won.Load(), int32(1))
}
