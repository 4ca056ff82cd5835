package session

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// End ends a session and every grant that was given in it. Ending one that is gone already is no
// error, so that an End that failed half-way can be repeated.
//
// The grants go first, because who repeats an End may find no session any more that says whose they
// are; and once more behind the session, because a request that still saw it could be granted
// something after they were counted.
func (s *Sessions) End(ctx context.Context, ending oauth.Session, reason string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	err := s.end(ctx, ending)
	s.recordEnd(ctx, ending.User, reason, []oauth.SessionRef{ending.Ref}, err)
	return err
}

func (s *Sessions) end(ctx context.Context, ending oauth.Session) error {
	ofSession := func(g oauth.Grant) bool { return g.Session == ending.Ref }
	if err := s.killGrants(ctx, ending.User, ofSession); err != nil {
		return err
	}
	if err := s.o.Store.End(ctx, ending.User, ending.Ref); err != nil {
		return oauth.Unavailable(err)
	}
	return s.killGrants(ctx, ending.User, ofSession)
}

// ConfirmEnded makes sure that a session is gone which a read did not find: it may have been ended
// by a change that nobody acknowledged, and be back after a failover.
func (s *Sessions) ConfirmEnded(ctx context.Context, cookie oauth.Token) error {
	if cookie == "" {
		return nil
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	if err := s.o.Store.End(ctx, "", RefOf(cookie)); err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

// Replace ends the earlier session of a browser that has signed in again as next. What the same
// user allowed in it lives on: they proved again who they are, they did not sign out. When somebody
// else signed in, the earlier user is signed out.
func (s *Sessions) Replace(ctx context.Context, earlier, next oauth.Session) error {
	if earlier.User != next.User {
		return s.End(ctx, earlier, ReasonReplaced)
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	err := unavailable(s.o.Store.End(ctx, earlier.User, earlier.Ref))
	s.recordEnd(ctx, earlier.User, ReasonReplaced, []oauth.SessionRef{earlier.Ref}, err)
	return err
}

func unavailable(err error) error {
	if err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

// EndAll signs a user out everywhere: every session ends, and every grant, also one whose session
// ran out long ago. The session except and its grants stay; empty means that none does.
func (s *Sessions) EndAll(ctx context.Context, user oauth.UserID, except oauth.SessionRef, reason string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	all, err := s.OfUser(ctx, user)
	if err != nil {
		return err
	}
	var refs []oauth.SessionRef
	for _, one := range all {
		if one.Ref != except {
			refs = append(refs, one.Ref)
		}
	}
	if len(refs) > 0 {
		err = unavailable(s.o.Store.End(ctx, user, refs...))
	}
	if err == nil {
		err = s.killGrants(ctx, user, func(g oauth.Grant) bool { return except == "" || g.Session != except })
	}
	s.recordEnd(ctx, user, reason, refs, err)
	return err
}

// EndGrants ends what a user allowed one client, in whatever session. The sessions live on: who wants
// the client to ask again forgets the consent first.
func (s *Sessions) EndGrants(ctx context.Context, user oauth.UserID, client oauth.ClientID) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	return s.killGrants(ctx, user, func(g oauth.Grant) bool { return g.Client == client })
}

func (s *Sessions) killGrants(ctx context.Context, user oauth.UserID, doomed func(oauth.Grant) bool) error {
	grants, err := s.o.Grants.OfUser(ctx, user)
	if err != nil {
		return oauth.Unavailable(err)
	}
	var refs []oauth.GrantRef
	for _, g := range grants {
		if doomed(g) {
			refs = append(refs, g.Ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	if err := s.o.Grants.Kill(ctx, refs...); err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}
