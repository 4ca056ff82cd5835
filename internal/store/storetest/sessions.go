package storetest

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Sessions is the suite of store.Sessions.
func Sessions(t *testing.T, open suite.Open) {
	s := open(t)
	t.Run("history", func(t *testing.T) {
		suite.Histories(t, "sessions", func(life *suite.History) {
			h := &sessionHistory{History: life, s: s.Sessions}
			h.run()
		})
	})
	t.Run("a crowd keeps the limit", func(t *testing.T) { crowdOfSessions(t, s.Sessions) })
	t.Run("only its own user ends a session", func(t *testing.T) { foreignEnd(t, s.Sessions) })
	t.Run("goes by itself", func(t *testing.T) { sessionGoes(t, s.Sessions) })
	t.Run("ends whatever happens", func(t *testing.T) { sessionEnds(t, s.Sessions) })
	t.Run("a revocation ends what began before it", func(t *testing.T) { sessionRevoked(t, s) })
}

// sessionHistory is one random life of the sessions of two users.
type sessionHistory struct {
	*suite.History
	s     store.Sessions
	users []oauth.UserID
	all   []oauth.Session                    // every one there ever was
	live  map[oauth.SessionRef]oauth.Session // those that were not ended; the clock decides on the rest
}

func (h *sessionHistory) run() {
	h.users = []oauth.UserID{h.Dice.UUID(), h.Dice.UUID()}
	h.live = map[oauth.SessionRef]oauth.Session{}
	h.start()
	for range h.Steps() {
		h.Now = h.Now.Add(time.Duration(h.Dice.IntN(40_000)+1) * time.Millisecond)
		switch h.Dice.IntN(8) {
		case 0, 1, 2:
			h.start()
		case 3:
			h.end()
		case 4, 5:
			h.touch()
		case 6:
			h.find()
		case 7:
			h.ofUser()
		}
	}
}

// alive are a user's sessions that are not over, the one to go first in front.
func (h *sessionHistory) alive(user oauth.UserID) []oauth.Session {
	var sessions []oauth.Session
	for _, s := range h.live {
		if s.User == user && h.Now.Before(s.Expires) {
			sessions = append(sessions, s)
		}
	}
	slices.SortFunc(sessions, func(a, b oauth.Session) int { return a.Expires.Compare(b.Expires) })
	return sessions
}

func (h *sessionHistory) start() {
	s := suite.SampleSession(h.Dice, suite.Pick(h.Dice, h.users...), h.Now)
	suite.Complete(h.T, s, "Generation", "Latest")
	if h.Dice.OneIn(4) {
		s.Username, s.ACR, s.AMR, s.Device, s.IP = "", "", nil, "", ""
	}
	limit := h.Dice.IntN(3) + 1
	generation, ended, err := h.s.Start(h.T.Context(), s, limit)
	suite.Sure(h.T, h.Where("start"), err)
	suite.Same(h.T, h.Where("generation"), generation, oauth.Generation(0))
	var want []oauth.SessionRef
	alive := h.alive(s.User)
	for _, old := range alive[:max(0, len(alive)+1-limit)] {
		want = append(want, old.Ref)
		delete(h.live, old.Ref)
	}
	suite.Same(h.T, h.Where("ended"), ended, want)
	h.live[s.Ref] = s
	h.all = append(h.all, s)
}

func (h *sessionHistory) touch() {
	s := suite.Pick(h.Dice, h.all...)
	if known, ok := h.live[s.Ref]; ok {
		s = known
	}
	s.Seen, s.Expires = h.Now, h.Now.Add(suite.SessionLife)
	suite.Sure(h.T, h.Where("touch"), h.s.Touch(h.T.Context(), s))
	if known, ok := h.live[s.Ref]; ok && h.Now.Before(known.Expires) {
		h.live[s.Ref] = s
	}
	h.findIt(s.Ref)
}

func (h *sessionHistory) end() {
	s, other := suite.Pick(h.Dice, h.all...), oauth.SessionRef(h.Dice.Ref())
	suite.Sure(h.T, h.Where("end"), h.s.End(h.T.Context(), s.User, s.Ref, other))
	delete(h.live, s.Ref)
	h.findIt(s.Ref)
}

func (h *sessionHistory) find() { h.findIt(suite.Pick(h.Dice, h.all...).Ref) }

func (h *sessionHistory) findIt(ref oauth.SessionRef) {
	got, err := h.s.Find(h.T.Context(), ref, h.Now)
	suite.Sure(h.T, h.Where("find"), err)
	want, ok := h.live[ref]
	if !ok || !h.Now.Before(want.Expires) {
		want, ok = oauth.Session{}, false
	}
	suite.Same(h.T, h.Where("find: absent"), errors.Is(err, store.Absent), !ok)
	suite.Same(h.T, h.Where("find"), got, want)
}

func (h *sessionHistory) ofUser() {
	user := suite.Pick(h.Dice, h.users...)
	got, err := h.s.OfUser(h.T.Context(), user, h.Now)
	suite.Sure(h.T, h.Where("of user"), err)
	want := h.alive(user)
	slices.SortFunc(want, func(a, b oauth.Session) int {
		return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.Ref, b.Ref))
	})
	suite.Same(h.T, h.Where("of user"), got, want)
}

// crowdOfSessions: however many sign in at once, as many sessions stay as are allowed, and every
// other one was reported as ended to some caller.
func crowdOfSessions(t *testing.T, s store.Sessions) {
	const limit = 5
	user, now := suite.Roll("crowd", 0).UUID(), suite.Start()
	sessions := make([]oauth.Session, suite.Crowd)
	var mu sync.Mutex
	ended := map[oauth.SessionRef]bool{}
	suite.Together(suite.Crowd, func(i int) {
		sessions[i] = suite.SampleSession(suite.Roll("crowd of sessions", uint64(i)), user, now.Add(time.Duration(i)*time.Millisecond)) //nolint:gosec // small
		_, gone, err := s.Start(t.Context(), sessions[i], limit)
		if err != nil {
			t.Errorf("start: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, ref := range gone {
			ended[ref] = true
		}
	})
	listed, err := s.OfUser(t.Context(), user, now)
	suite.Sure(t, "of user", err)
	suite.Same(t, "sessions that stay", len(listed), limit)
	found := 0
	for _, one := range sessions {
		_, err := s.Find(t.Context(), one.Ref, now)
		suite.Sure(t, "find", err)
		if err == nil {
			found++
		}
		suite.Same(t, "ended or alive, not both", errors.Is(err, store.Absent), ended[one.Ref])
	}
	suite.Same(t, "sessions that can be used", found, limit)
}

// foreignEnd: naming somebody else's session does nothing.
func foreignEnd(t *testing.T, s store.Sessions) {
	d, now := suite.Roll("foreign end", 0), suite.Start()
	one := suite.SampleSession(d, d.UUID(), now)
	suite.Sure(t, "start", suite.Third(s.Start(t.Context(), one, 5)))
	suite.Sure(t, "end", s.End(t.Context(), d.UUID(), one.Ref))
	got, err := s.Find(t.Context(), one.Ref, now)
	suite.Sure(t, "find", err)
	suite.Same(t, "a session after a foreign end", got, one)
}

// sessionGoes holds sessions to their time to live, also when they are touched.
func sessionGoes(t *testing.T, s store.Sessions) {
	d := suite.Roll("a session goes", 0)
	now := time.Now().UTC().Truncate(time.Millisecond)
	one := suite.SampleSession(d, d.UUID(), now)
	suite.Sure(t, "start", suite.Third(s.Start(t.Context(), one, 5)))
	one.Seen, one.Expires = now, now.Add(100*time.Millisecond)
	suite.Sure(t, "touch", s.Touch(t.Context(), one))
	suite.EventuallyAbsent(t, "a session", func() error { return suite.Second(s.Find(t.Context(), one.Ref, now)) })
	listed, err := s.OfUser(t.Context(), one.User, now)
	suite.Sure(t, "of user", err)
	suite.Same(t, "sessions that stay", len(listed), 0)
}

// sessionEnds holds sessions to their absolute end, however late they would expire.
func sessionEnds(t *testing.T, s store.Sessions) {
	d, now := suite.Roll("a session ends", 0), suite.Start()
	one := suite.SampleSession(d, d.UUID(), now)
	one.End, one.Expires = now.Add(time.Minute), now.Add(time.Hour)
	suite.Sure(t, "start", suite.Third(s.Start(t.Context(), one, 5)))
	_, err := s.Find(t.Context(), one.Ref, one.End.Add(-time.Millisecond))
	suite.Same(t, "before the end", err, nil)
	_, err = s.Find(t.Context(), one.Ref, one.End)
	suite.Same(t, "at the end", err, store.Absent)
	listed, err := s.OfUser(t.Context(), one.User, one.End)
	suite.Sure(t, "of user", err)
	suite.Same(t, "sessions at the end", len(listed), 0)
}

// sessionRevoked: an ending of everything, or of everything but one browser, ends the sessions that began
// before, whether or not they were deleted; endings of grants do not.
func sessionRevoked(t *testing.T, s suite.Subject) {
	d, now := suite.Roll("a session is revoked", 0), suite.Start()
	user := d.UUID()
	begin := func(root oauth.RootTag) oauth.Session {
		one := suite.SampleSession(d, user, now)
		one.Root = root
		generation, _, err := s.Sessions.Start(t.Context(), one, 5)
		suite.Sure(t, "start", err)
		one.Generation = generation
		return one
	}
	raise := func(what store.Ended, root oauth.RootTag) {
		e := store.Ending{User: user, What: what, Root: root, Client: "c", Now: now, Keep: time.Hour}
		suite.Sure(t, "raise", s.Revocations.Raise(t.Context(), e))
	}
	lives := func(when string, one oauth.Session, want bool) {
		t.Helper()
		found, err := s.Sessions.Find(t.Context(), one.Ref, now)
		suite.Same(t, when, err == nil, want)
		if err == nil {
			suite.Same(t, when+": the generation it began in", found.Generation, one.Generation)
		}
	}
	a, b := begin("AAAA"), begin("BBBB")
	for _, what := range []store.Ended{store.EndedGrants, store.EndedClient, store.EndedSession} {
		raise(what, "AAAA")
	}
	lives("after endings of grants", a, true)
	raise(store.EndedOthers, "AAAA")
	lives("the browser that was spared", a, true)
	lives("another browser", b, false)
	b = begin("BBBB")
	lives("after the next sign-in", b, true)
	raise(store.EndedOthers, "BBBB")
	lives("the browser that was spared before", a, false)
	lives("the browser that is spared now", b, true)
	listed, err := s.Sessions.OfUser(t.Context(), user, now)
	suite.Sure(t, "of user", err)
	suite.Same(t, "sessions that are listed", len(listed), 1)
	raise(store.EndedUser, "")
	lives("after an ending of everything", b, false)
	lives("a session that began later, at the same time", begin("CCCC"), true)
}
