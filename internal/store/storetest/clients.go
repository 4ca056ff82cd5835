package storetest

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Clients is the suite of store.Clients.
func Clients(t *testing.T, open suite.Open) {
	t.Run("history", func(t *testing.T) {
		suite.Histories(t, "clients", func(life *suite.History) {
			s := open(t)
			h := &clientHistory{History: life, s: s.Clients, marks: s.Freshness}
			h.run()
		})
	})
	t.Run("the later epoch counts", func(t *testing.T) { laterEpochCounts(t, open(t).Freshness) })
	t.Run("one of a crowd changes a client", func(t *testing.T) { oneClientChange(t, open(t).Clients) })
}

// clientHistory is one random life of a registry.
type clientHistory struct {
	*suite.History
	s       store.Clients
	marks   store.Freshness
	ids     []oauth.ClientID
	live    map[oauth.ClientID]oauth.Client
	version uint64
	epoch   time.Time
}

func (h *clientHistory) run() {
	h.live = map[oauth.ClientID]oauth.Client{}
	h.ids = []oauth.ClientID{"a", "b", "recipe-app", "odd:{*} id", "ü"}
	for range h.Steps() {
		h.Now = h.Now.Add(time.Second)
		switch h.Dice.IntN(8) {
		case 0, 1, 2:
			h.put()
		case 3:
			h.remove()
		case 4, 5:
			h.get()
		case 6:
			h.list()
		case 7:
			h.raise()
		}
	}
}

func (h *clientHistory) put() {
	c := suite.SampleClient(suite.Pick(h.Dice, h.ids...), h.Now)
	suite.Complete(h.T, c, "Revision")
	stored := h.live[c.ID]
	if c.Revision = stored.Revision; h.Dice.OneIn(4) {
		c.Revision = suite.Pick(h.Dice, 0, c.Revision+1)
	}
	if h.Dice.OneIn(3) {
		c = oauth.Client{ID: c.ID, Method: oauth.AuthNone, Revision: c.Revision}
	}
	revision, err := h.s.Put(h.T.Context(), c)
	suite.Sure(h.T, h.Where("put"), err)
	wrong := c.Revision != stored.Revision
	suite.Same(h.T, h.Where("put: conflict"), errors.Is(err, store.Conflict), wrong)
	h.versionMoved(!wrong)
	if !wrong {
		c.Revision++
		suite.Same(h.T, h.Where("put: revision"), revision, c.Revision)
		h.live[c.ID] = c
	}
}

// versionMoved holds the version of all clients against whether something changed.
func (h *clientHistory) versionMoved(changed bool) {
	marks, err := h.marks.Read(h.T.Context())
	suite.Sure(h.T, h.Where("marks"), err)
	suite.Same(h.T, h.Where("epoch"), marks.Epoch, h.epoch)
	suite.Same(h.T, h.Where("version moved"), marks.Version > h.version, changed)
	h.version = marks.Version
}

// raise moves the epoch, forward or not. The version does not count it.
func (h *clientHistory) raise() {
	before := h.Now.Add(time.Duration(h.Dice.IntN(60_000)-30_000) * time.Millisecond)
	suite.Sure(h.T, h.Where("raise epoch"), h.marks.RaiseEpoch(h.T.Context(), before))
	if before.After(h.epoch) {
		h.epoch = before
	}
	h.versionMoved(false)
}

func (h *clientHistory) remove() {
	id := suite.Pick(h.Dice, h.ids...)
	err := h.s.Delete(h.T.Context(), id)
	suite.Sure(h.T, h.Where("delete"), err)
	_, ok := h.live[id]
	suite.Same(h.T, h.Where("delete: absent"), errors.Is(err, store.Absent), !ok)
	h.versionMoved(ok)
	delete(h.live, id)
}

func (h *clientHistory) get() {
	id := suite.Pick(h.Dice, h.ids...)
	got, err := h.s.Get(h.T.Context(), id)
	suite.Sure(h.T, h.Where("get"), err)
	want, ok := h.live[id]
	suite.Same(h.T, h.Where("get: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("get"), got, want)
}

func (h *clientHistory) list() {
	limit := h.Dice.IntN(3) + 1
	suite.Pages(h.T, h.Where("list"), limit, slices.Sorted(maps.Keys(h.live)), func(after oauth.ClientID) ([]oauth.ClientID, error) {
		return h.s.List(h.T.Context(), after, limit)
	})
}

// laterEpochCounts lets a crowd raise the epoch to different times.
func laterEpochCounts(t *testing.T, s store.Freshness) {
	now := suite.Start()
	suite.Together(suite.Crowd, func(i int) {
		if err := s.RaiseEpoch(t.Context(), now.Add(time.Duration(i*7%suite.Crowd)*time.Millisecond)); err != nil {
			t.Errorf("raise epoch: %v", err)
		}
	})
	marks, err := s.Read(t.Context())
	suite.Sure(t, "marks", err)
	suite.Same(t, "epoch", marks.Epoch, now.Add((suite.Crowd-1)*time.Millisecond))
}

// oneClientChange: of many changes based on one revision one is made.
func oneClientChange(t *testing.T, s store.Clients) {
	for _, revision := range []uint64{0, 1} {
		c := suite.SampleClient("crowded", suite.Start())
		c.Revision = revision
		var won atomic.Int32
		suite.Together(suite.Crowd, func(int) {
			switch _, err := s.Put(t.Context(), c); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.Conflict):
				t.Errorf("put: %v", err)
			}
		})
		suite.Same(t, "changes that were made", won.Load(), int32(1))
	}
}
