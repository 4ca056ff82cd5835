package session

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const (
	// DefaultLife bounds the life of a session after its last use.
	DefaultLife = time.Hour
	// DefaultAbsolute bounds the life of a session after its sign-in, however much it is used.
	DefaultAbsolute = 12 * time.Hour

	cookieBytes = 32
	// touchEvery bounds what a busy browser costs: at most one write a minute.
	touchEvery = time.Minute
)

// The reasons for the end of a session, in event.SessionEnded.
const (
	ReasonLimit    = "limit"    // the user had too many sessions
	ReasonLogout   = "logout"   // the user signed out
	ReasonReplaced = "replaced" // the same browser signed in again
	ReasonRefused  = "refused"  // the user lost the right to sign in while doing it
)

// Options are the parts of a Sessions. Zero Life, Absolute and Limit mean DefaultLife,
// DefaultAbsolute and oauth.MaxSessionsUser.
type Options struct {
	Store       store.Sessions
	Revocations store.Revocations
	Events      event.Sink
	Now         func() time.Time
	Issuer      string        // whose sessions they are; a cookie of another issuer opens none
	Life        time.Duration // after the last use
	Absolute    time.Duration // after the sign-in
	Limit       int           // sessions a user may have; the one unused for longest ends
	KeepEnding  time.Duration // no grant of anybody lives longer: what an ending is kept for
}

// Sessions starts, finds and ends sessions. It is safe for concurrent use.
type Sessions struct{ o Options }

// New returns a Sessions.
func New(o Options) *Sessions {
	if o.Life <= 0 {
		o.Life = DefaultLife
	}
	if o.Absolute <= 0 {
		o.Absolute = DefaultAbsolute
	}
	if o.Limit <= 0 {
		o.Limit = oauth.MaxSessionsUser
	}
	return &Sessions{o: o}
}

// RefOf returns the public name of the session behind a cookie.
func (s *Sessions) RefOf(cookie oauth.Token) oauth.SessionRef {
	return oauth.SessionRefOf(cookie, s.o.Issuer)
}

// rootBytes is the random part of a root's tag.
const rootBytes = 3

// Start begins a session for a user who has just proved who they are, by the methods in how, in the browser that
// event.OriginOf(ctx) names. The cookie is always new, so that nobody can choose it beforehand.
//
// root is that of the session which the new one follows in the same browser, or empty. A session that
// has to end because of the limit keeps its grants, as one that runs out does: the user signed in
// elsewhere, they did not sign out.
func (s *Sessions) Start(ctx context.Context, user oauth.User, how oauth.Proof, root oauth.RootTag) (oauth.Token, oauth.Session, error) {
	cookie := oauth.NewSessionCookie(user.ID, secret.NewToken(cookieBytes))
	if root == "" {
		root = oauth.NewRootTag(secret.Random(rootBytes))
	}
	now, origin := s.o.Now(), event.OriginOf(ctx)
	started := oauth.Session{
		Ref:      s.RefOf(cookie),
		User:     user.ID,
		Username: user.Name,
		AuthTime: now,
		ACR:      how.ACR,
		AMR:      how.AMR,
		Device:   deviceOf(origin.UserAgent),
		IP:       origin.IP,
		Started:  now,
		Seen:     now,
		Expires:  now.Add(min(s.o.Life, s.o.Absolute)),
		End:      now.Add(s.o.Absolute),
		Root:     root,
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	generation, ended, err := s.o.Store.Start(ctx, started, s.o.Limit)
	if err != nil {
		s.o.Events.Emit(ctx, event.LoginFailed{User: user.ID, Reason: "session not stored", Outcome: event.Unknown})
		return "", oauth.Session{}, oauth.Unavailable(err)
	}
	started.Generation, started.Latest = generation, generation
	s.o.Events.Emit(ctx, event.LoginSucceeded{User: user.ID, Session: started.Ref})
	s.recordEnd(ctx, user.ID, ReasonLimit, ended, nil)
	return cookie, started, nil
}

// Find returns the session behind a cookie and moves its expiry, up to its End; store.Absent when there
// is none. A session also ends Absolute after its sign-in by the present setting, if that is sooner.
func (s *Sessions) Find(ctx context.Context, cookie oauth.Token) (oauth.Session, error) {
	if cookie == "" {
		return oauth.Session{}, store.Absent
	}
	now := s.o.Now()
	found, err := s.o.Store.Find(ctx, s.RefOf(cookie), now)
	switch {
	case errors.Is(err, store.Absent):
		return oauth.Session{}, store.Absent
	case err != nil:
		return oauth.Session{}, oauth.Unavailable(err)
	}
	if !now.Before(s.endOf(found)) {
		return oauth.Session{}, store.Absent
	}
	if now.Sub(found.Seen) < touchEvery {
		return found, nil
	}
	found.Seen, found.Expires = now, now.Add(s.o.Life)
	if end := s.endOf(found); end.Before(found.Expires) {
		found.Expires = end
	}
	// A touch that is lost costs a minute of the session's life; the request still succeeds.
	_ = s.o.Store.Touch(ctx, found)
	return found, nil
}

// endOf is when a session ends whatever happens.
func (s *Sessions) endOf(found oauth.Session) time.Time {
	end := found.Started.Add(s.o.Absolute)
	if !found.End.IsZero() && found.End.Before(end) {
		return found.End
	}
	return end
}

// Alive reports whether a session is still there, without counting as its use.
func (s *Sessions) Alive(ctx context.Context, ref oauth.SessionRef) (bool, error) {
	_, err := s.Get(ctx, ref)
	if errors.Is(err, store.Absent) {
		return false, nil
	}
	return err == nil, err
}

// Get returns a session by its public name, without counting as its use; store.Absent when there is
// none.
func (s *Sessions) Get(ctx context.Context, ref oauth.SessionRef) (oauth.Session, error) {
	found, err := s.o.Store.Find(ctx, ref, s.o.Now())
	switch {
	case errors.Is(err, store.Absent) || err == nil && !s.o.Now().Before(s.endOf(found)):
		return oauth.Session{}, store.Absent
	case err != nil:
		return oauth.Session{}, oauth.Unavailable(err)
	}
	return found, nil
}

// OfUser lists a user's sessions, last used first.
func (s *Sessions) OfUser(ctx context.Context, user oauth.UserID) ([]oauth.Session, error) {
	all, err := s.o.Store.OfUser(ctx, user, s.o.Now())
	if err != nil {
		return nil, oauth.Unavailable(err)
	}
	return all, nil
}

// recordEnd records how the ending of sessions came out, which returned err.
func (s *Sessions) recordEnd(ctx context.Context, user oauth.UserID, reason string, refs []oauth.SessionRef, err error) {
	for _, ref := range refs {
		s.o.Events.Emit(ctx, event.SessionEnded{
			User: user, Session: ref, Reason: reason, Outcome: commit.OutcomeOf(err),
		})
	}
}
