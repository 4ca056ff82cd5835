package redisstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Sessions implements store.Sessions.
//
// A session and its user's list are in different slots, so the order of the steps keeps the promise: a session is
// stored before the list contains it, and a session that the list does not contain is never prolonged. A Start that
// fails leaves at most a session whose cookie no browser has, or a session beyond the limit that expires within its
// idle life.
//
// A third list contains the sessions of all users, for operators. It costs one more write, in the same pipeline, at a
// sign-in and at a touch, and about 110 bytes a session; the next sign-in removes ended sessions from it.
type Sessions struct {
	db    *redisconn.DB
	names names

	put, admit, prolong, touch, end, unlist *redisconn.Script
}

// NewSessions returns the store of browser sessions.
func NewSessions(db *redisconn.DB) *Sessions {
	script := scripts(db)
	s := &Sessions{
		db: db, names: namesOf(db),
		put: script("session_put"), admit: script("session_admit").List(), prolong: script("session_prolong"),
		touch: script("session_touch"), end: ending(script("session_end")), unlist: script("unlist"),
	}
	return s
}

// Start implements store.Sessions.
func (s *Sessions) Start(ctx context.Context, session oauth.Session, limit int) (oauth.Generation, []oauth.SessionRef, error) {
	r := newRecord(sessionArgs)
	r.addNumber(until(session.Expires, session.Seen))
	r.session(session)
	var generation oauth.Generation
	var both errgroup.Group // both are sent in one pipeline
	both.Go(func() error {
		answer, err := s.db.Write(ctx, "sessions.start", s.put,
			[]string{s.names.session(session.Ref), s.names.revokedUser(session.Ref.User())}, r.args...)
		if err == nil {
			generation, err = generationOf(answer)
		}
		return err
	})
	both.Go(func() error {
		_, err := s.db.Write(ctx, "sessions.index", s.admit, []string{s.names.sessions()},
			string(session.Ref), session.Seen.UnixMilli(), session.Expires.UnixMilli(), math.MaxInt32)
		return err
	})
	if err := both.Wait(); err != nil {
		return 0, nil, err
	}
	answer, err := s.db.Write(ctx, "sessions.start", s.admit, []string{s.names.userSessions(session.User)},
		string(session.Ref), session.Seen.UnixMilli(), session.Expires.UnixMilli(), max(limit, 1))
	if err != nil {
		return 0, nil, err
	}
	gone, err := words(answer)
	if err != nil {
		return 0, nil, err
	}
	var ended []oauth.SessionRef
	for _, ref := range gone {
		ended = append(ended, oauth.SessionRef(ref))
	}
	if err := s.delete(ctx, session.User, ended); err != nil {
		return 0, nil, err
	}
	return generation, ended, s.forget(ctx, s.names.sessions(), ended)
}

func generationOf(answer any) (oauth.Generation, error) {
	text, ok := answer.(string)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%w: %T", errAnswer, answer)
	}
	return oauth.Generation(n), nil
}

// forget removes sessions from a list.
func (s *Sessions) forget(ctx context.Context, list string, refs []oauth.SessionRef) error {
	if len(refs) == 0 {
		return nil
	}
	members := make([]any, len(refs))
	for i, ref := range refs {
		members[i] = string(ref)
	}
	_, err := s.db.Write(ctx, "sessions.end", s.unlist, []string{list}, members...)
	return err
}

// delete removes the records of sessions, but only those of this user.
func (s *Sessions) delete(ctx context.Context, user oauth.UserID, refs []oauth.SessionRef) error {
	calls := make([]redisconn.Call, len(refs))
	for i, ref := range refs {
		calls[i] = redisconn.Call{Keys: []string{s.names.session(ref)}, Args: []any{string(user)}}
	}
	_, err := s.db.WriteEach(ctx, "sessions.end", s.end, calls)
	return err
}

// Find implements store.Sessions.
func (s *Sessions) Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error) {
	cmd := hgetall(ctx, s.names.session(ref))
	revocation := s.names.sessionRevocation(ctx, ref.User())
	if err := s.db.Read(ctx, "sessions.find", cmd, revocation); err != nil {
		return oauth.Session{}, err
	}
	session, alive, err := aliveSession(ref, cmd, revocation, now)
	if err == nil && !alive {
		return oauth.Session{}, store.Absent
	}
	return session, err
}

// sessionRevocation requests the fields that can end a session.
func (n names) sessionRevocation(ctx context.Context, user oauth.UserTag) *redis.SliceCmd {
	return redis.NewSliceCmd(ctx, "hmget", n.revokedUser(user), "v", "user", "grants", "others", "except")
}

// Touch implements store.Sessions.
func (s *Sessions) Touch(ctx context.Context, session oauth.Session) error {
	seen, expires := session.Seen.UnixMilli(), session.Expires.UnixMilli()
	answer, err := s.db.Write(ctx, "sessions.touch", s.prolong, []string{s.names.userSessions(session.User)},
		string(session.Ref), seen, expires)
	if err != nil {
		return err
	}
	if listed, err := count(answer); err != nil || listed == 0 {
		return err
	}
	var both errgroup.Group
	both.Go(func() error {
		_, err := s.db.Write(ctx, "sessions.touch", s.touch, []string{s.names.session(session.Ref)}, seen, expires)
		return err
	})
	both.Go(func() error {
		_, err := s.db.Write(ctx, "sessions.index", s.prolong, []string{s.names.sessions()}, string(session.Ref), seen, expires)
		return err
	})
	return both.Wait()
}

// End implements store.Sessions.
func (s *Sessions) End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error {
	if len(refs) == 0 {
		return nil
	}
	// Delete the records first: without their entries in the lists they could no longer be found.
	if err := s.delete(ctx, user, refs); err != nil {
		return err
	}
	var both errgroup.Group
	for _, list := range []string{s.names.userSessions(user), s.names.sessions()} {
		both.Go(func() error { return s.forget(ctx, list, refs) })
	}
	return both.Wait()
}

// OfUser implements store.Sessions.
func (s *Sessions) OfUser(ctx context.Context, user oauth.UserID, now time.Time) ([]oauth.Session, error) {
	index := redis.NewStringSliceCmd(ctx, "zrange", s.names.userSessions(user), 0, -1)
	if err := s.db.Read(ctx, "sessions.of_user", index); err != nil {
		return nil, err
	}
	cmds := make([]redis.Cmder, len(index.Val()))
	for i, ref := range index.Val() {
		cmds[i] = hgetall(ctx, s.names.session(oauth.SessionRef(ref)))
	}
	revocation := s.names.sessionRevocation(ctx, oauth.TagOfUser(user))
	cmds = append(cmds, revocation)
	if err := s.db.Read(ctx, "sessions.of_user", cmds...); err != nil {
		return nil, err
	}
	var sessions []oauth.Session
	for i, ref := range index.Val() {
		session, alive, err := aliveSession(oauth.SessionRef(ref), cmds[i], revocation, now)
		if err != nil {
			return nil, err
		}
		if alive {
			sessions = append(sessions, session)
		}
	}
	slices.SortStableFunc(sessions, func(a, b oauth.Session) int {
		if order := b.Seen.Compare(a.Seen); order != 0 {
			return order
		}
		return strings.Compare(string(a.Ref), string(b.Ref))
	})
	return sessions, nil
}

// aliveSession reads a session, and decides by its own record and by its user's revocation whether it is alive.
func aliveSession(ref oauth.SessionRef, cmd redis.Cmder, revocation *redis.SliceCmd, now time.Time) (oauth.Session, bool, error) {
	fields := cmd.(*redis.StringSliceCmd).Val()
	if len(fields) == 0 {
		return oauth.Session{}, false, nil
	}
	session, err := decodeSession(ref, &stored{pairs: fields})
	if err != nil {
		return oauth.Session{}, false, err
	}
	r, err := decodeRevocation(revocation)
	session.Latest = r.Latest
	over := !now.Before(session.Expires) || !session.End.IsZero() && !now.Before(session.End)
	return session, !over && !r.EndsSession(session), err
}

// sessionArgs is room for the arguments of session_put.lua.
const sessionArgs = 26

func (r *record) session(session oauth.Session) {
	r.text("user", string(session.User))
	r.text("name", session.Username)
	r.millis("auth", session.AuthTime)
	r.text("acr", session.ACR)
	r.list("amr", session.AMR)
	r.text("device", session.Device)
	r.text("ip", session.IP)
	r.millis("started", session.Started)
	r.millis("seen", session.Seen)
	r.millis("exp", session.Expires)
	r.millis("end", session.End)
	r.text("root", string(session.Root))
}

func decodeSession(ref oauth.SessionRef, s *stored) (oauth.Session, error) {
	session := oauth.Session{
		Ref:      ref,
		User:     oauth.UserID(s.text("user")),
		Username: s.text("name"),
		AuthTime: s.millis("auth"),
		ACR:      s.text("acr"),
		AMR:      methodsOf(s),
		Device:   s.text("device"),
		IP:       s.text("ip"),
		Started:  s.millis("started"),
		Seen:     s.millis("seen"),
		Expires:  s.millis("exp"),
		End:      s.millis("end"),
		Root:     oauth.RootTag(s.text("root")),

		Generation: oauth.Generation(s.number("gen")),
	}
	return session, s.err
}
