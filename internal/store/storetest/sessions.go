package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Sessions is the suite of store.Sessions.
func Sessions(t *testing.T, open Open) {
	s := open(t)
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(seeds) {
			h := &sessionHistory{t: t, s: s.Sessions, d: roll("sessions", seed), now: start(), seed: seed}
			h.run()
		}
	})
	t.Run("a crowd keeps the limit", func(t *testing.T) { crowdOfSessions(t, s.Sessions) })
	t.Run("only its own user ends a session", func(t *testing.T) { foreignEnd(t, s.Sessions) })
	t.Run("goes by itself", func(t *testing.T) { sessionGoes(t, s.Sessions) })
	t.Run("ends whatever happens", func(t *testing.T) { sessionEnds(t, s.Sessions) })
	t.Run("a revocation ends what began before it", func(t *testing.T) { sessionRevoked(t, s) })
}

// sessionHistory is one random life of the sessions of two users.
type sessionHistory struct {
	t     *testing.T
	s     store.Sessions
	d     dice
	now   time.Time
	seed  uint64
	step  int
	users []oauth.UserID
	all   []oauth.Session                    // every one there ever was
	live  map[oauth.SessionRef]oauth.Session // those that were not ended; the clock decides on the rest
}

const sessionLife = 3 * time.Minute

func (h *sessionHistory) where(what string) string {
	return fmt.Sprintf("seed %d step %d: %s", h.seed, h.step, what)
}

func (h *sessionHistory) run() {
	h.users = []oauth.UserID{h.d.uuid(), h.d.uuid()}
	h.live = map[oauth.SessionRef]oauth.Session{}
	h.start()
	for h.step = range steps {
		h.now = h.now.Add(time.Duration(h.d.IntN(40_000)+1) * time.Millisecond)
		switch h.d.IntN(8) {
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
		if s.User == user && h.now.Before(s.Expires) {
			sessions = append(sessions, s)
		}
	}
	slices.SortFunc(sessions, func(a, b oauth.Session) int { return a.Expires.Compare(b.Expires) })
	return sessions
}

func sampleSession(d dice, user oauth.UserID, now time.Time) oauth.Session {
	return oauth.Session{
		Ref: d.sessionRef(user), User: user, Username: "alice", AuthTime: now, ACR: "pwd", AMR: []string{"pwd", "otp"},
		Device: "Firefox on Linux", IP: "192.0.2.7", Started: now, Seen: now, Expires: now.Add(sessionLife),
		End: now.Add(24 * time.Hour), Root: pick(d, roots...),
	}
}

func (h *sessionHistory) start() {
	s := sampleSession(h.d, pick(h.d, h.users...), h.now)
	complete(h.t, s, "Generation", "Latest")
	if h.d.oneIn(4) {
		s.Username, s.ACR, s.AMR, s.Device, s.IP = "", "", nil, "", ""
	}
	limit := h.d.IntN(3) + 1
	generation, ended, err := h.s.Start(h.t.Context(), s, limit)
	sure(h.t, h.where("start"), err)
	same(h.t, h.where("generation"), generation, oauth.Generation(0))
	var want []oauth.SessionRef
	alive := h.alive(s.User)
	for _, old := range alive[:max(0, len(alive)+1-limit)] {
		want = append(want, old.Ref)
		delete(h.live, old.Ref)
	}
	same(h.t, h.where("ended"), ended, want)
	h.live[s.Ref] = s
	h.all = append(h.all, s)
}

func (h *sessionHistory) touch() {
	s := pick(h.d, h.all...)
	if known, ok := h.live[s.Ref]; ok {
		s = known
	}
	s.Seen, s.Expires = h.now, h.now.Add(sessionLife)
	sure(h.t, h.where("touch"), h.s.Touch(h.t.Context(), s))
	if known, ok := h.live[s.Ref]; ok && h.now.Before(known.Expires) {
		h.live[s.Ref] = s
	}
	h.findIt(s.Ref)
}

func (h *sessionHistory) end() {
	s, other := pick(h.d, h.all...), oauth.SessionRef(h.d.ref())
	sure(h.t, h.where("end"), h.s.End(h.t.Context(), s.User, s.Ref, other))
	delete(h.live, s.Ref)
	h.findIt(s.Ref)
}

func (h *sessionHistory) find() { h.findIt(pick(h.d, h.all...).Ref) }

func (h *sessionHistory) findIt(ref oauth.SessionRef) {
	got, err := h.s.Find(h.t.Context(), ref, h.now)
	sure(h.t, h.where("find"), err)
	want, ok := h.live[ref]
	if !ok || !h.now.Before(want.Expires) {
		want, ok = oauth.Session{}, false
	}
	same(h.t, h.where("find: absent"), errors.Is(err, store.Absent), !ok)
	same(h.t, h.where("find"), got, want)
}

func (h *sessionHistory) ofUser() {
	user := pick(h.d, h.users...)
	got, err := h.s.OfUser(h.t.Context(), user, h.now)
	sure(h.t, h.where("of user"), err)
	want := h.alive(user)
	slices.SortFunc(want, func(a, b oauth.Session) int {
		return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.Ref, b.Ref))
	})
	same(h.t, h.where("of user"), got, want)
}

// crowdOfSessions: however many sign in at once, as many sessions stay as are allowed, and every
// other one was reported as ended to some caller.
func crowdOfSessions(t *testing.T, s store.Sessions) {
	const limit = 5
	user, now := roll("crowd", 0).uuid(), start()
	sessions := make([]oauth.Session, crowd)
	var mu sync.Mutex
	ended := map[oauth.SessionRef]bool{}
	together(crowd, func(i int) {
		sessions[i] = sampleSession(roll("crowd of sessions", uint64(i)), user, now.Add(time.Duration(i)*time.Millisecond)) //nolint:gosec // small
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
	sure(t, "of user", err)
	same(t, "sessions that stay", len(listed), limit)
	found := 0
	for _, one := range sessions {
		_, err := s.Find(t.Context(), one.Ref, now)
		sure(t, "find", err)
		if err == nil {
			found++
		}
		same(t, "ended or alive, not both", errors.Is(err, store.Absent), ended[one.Ref])
	}
	same(t, "sessions that can be used", found, limit)
}

// foreignEnd: naming somebody else's session does nothing.
func foreignEnd(t *testing.T, s store.Sessions) {
	d, now := roll("foreign end", 0), start()
	one := sampleSession(d, d.uuid(), now)
	sure(t, "start", third(s.Start(t.Context(), one, 5)))
	sure(t, "end", s.End(t.Context(), d.uuid(), one.Ref))
	got, err := s.Find(t.Context(), one.Ref, now)
	sure(t, "find", err)
	same(t, "a session after a foreign end", got, one)
}

// sessionGoes holds sessions to their time to live, also when they are touched.
func sessionGoes(t *testing.T, s store.Sessions) {
	d := roll("a session goes", 0)
	now := time.Now().UTC().Truncate(time.Millisecond)
	one := sampleSession(d, d.uuid(), now)
	sure(t, "start", third(s.Start(t.Context(), one, 5)))
	one.Seen, one.Expires = now, now.Add(100*time.Millisecond)
	sure(t, "touch", s.Touch(t.Context(), one))
	eventuallyAbsent(t, "a session", func() error { return second(s.Find(t.Context(), one.Ref, now)) })
	listed, err := s.OfUser(t.Context(), one.User, now)
	sure(t, "of user", err)
	same(t, "sessions that stay", len(listed), 0)
}

// sessionEnds holds sessions to their absolute end, however late they would expire.
func sessionEnds(t *testing.T, s store.Sessions) {
	d, now := roll("a session ends", 0), start()
	one := sampleSession(d, d.uuid(), now)
	one.End, one.Expires = now.Add(time.Minute), now.Add(time.Hour)
	sure(t, "start", third(s.Start(t.Context(), one, 5)))
	_, err := s.Find(t.Context(), one.Ref, one.End.Add(-time.Millisecond))
	same(t, "before the end", err, nil)
	_, err = s.Find(t.Context(), one.Ref, one.End)
	same(t, "at the end", err, store.Absent)
	listed, err := s.OfUser(t.Context(), one.User, one.End)
	sure(t, "of user", err)
	same(t, "sessions at the end", len(listed), 0)
}

// sessionRevoked: an ending of everything, or of everything but one browser, ends the sessions that began
// before, whether or not they were deleted; endings of grants do not.
func sessionRevoked(t *testing.T, s Subject) {
	d, now := roll("a session is revoked", 0), start()
	user := d.uuid()
	begin := func(root oauth.RootTag) oauth.Session {
		one := sampleSession(d, user, now)
		one.Root = root
		generation, _, err := s.Sessions.Start(t.Context(), one, 5)
		sure(t, "start", err)
		one.Generation = generation
		return one
	}
	raise := func(what store.Ended, root oauth.RootTag) {
		e := store.Ending{User: user, What: what, Root: root, Client: "c", Now: now, Keep: time.Hour}
		sure(t, "raise", s.Revocations.Raise(t.Context(), e))
	}
	lives := func(when string, one oauth.Session, want bool) {
		t.Helper()
		found, err := s.Sessions.Find(t.Context(), one.Ref, now)
		same(t, when, err == nil, want)
		if err == nil {
			same(t, when+": the generation it began in", found.Generation, one.Generation)
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
	sure(t, "of user", err)
	same(t, "sessions that are listed", len(listed), 1)
	raise(store.EndedUser, "")
	lives("after an ending of everything", b, false)
	lives("a session that began later, at the same time", begin("CCCC"), true)
}
