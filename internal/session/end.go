package session

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// reapNow bounds the grants that an ending deletes before it returns. The rest is dead as well, and the
// cleanup deletes it.
const reapNow = 200

// raise ends part of a user's access: everything issued before is dead when it returns, however much there is.
func (s *Sessions) raise(ctx context.Context, e store.Ending) error {
	e.Now, e.Keep = s.o.Now(), s.o.KeepEnding
	return unavailable(s.o.Revocations.Raise(ctx, e))
}

// reap deletes a first part of what is dead by now. Its failure changes nothing for anybody: the grants
// stay dead, and the cleanup comes later.
func (s *Sessions) reap(ctx context.Context, user oauth.UserID, client oauth.ClientID) store.Reaped {
	reaped, _ := s.o.Revocations.Reap(ctx, store.GrantQuery{User: user, Client: client, Limit: reapNow})
	return reaped
}

// End ends a session and every grant that was given in its browser since the user signed in there, also
// before they proved again who they are. Grants that survive a sign-out live on. Ending one that is gone
// already succeeds, so that an End that failed half-way can be repeated.
func (s *Sessions) End(ctx context.Context, ending oauth.Session, reason string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	err := s.raise(ctx, store.Ending{User: ending.User, What: store.EndedSession, Root: ending.Root})
	if err == nil {
		err = unavailable(s.o.Store.End(ctx, ending.User, ending.Ref))
	}
	s.recordEnd(ctx, ending.User, reason, []oauth.SessionRef{ending.Ref}, err)
	if err == nil {
		s.reap(ctx, ending.User, "")
	}
	return err
}

// ConfirmEnded makes sure that a session is gone which a read did not find: it may have been ended
// by a change that nobody acknowledged, and be back after a failover.
func (s *Sessions) ConfirmEnded(ctx context.Context, cookie oauth.Token) error {
	if cookie == "" {
		return nil
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	return unavailable(s.o.Store.End(ctx, "", s.RefOf(cookie)))
}

func unavailable(err error) error {
	if err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

// Replace ends the earlier session of a browser that has signed in again as next. What the same
// user allowed in it lives on: they proved again who they are, they did not sign out. It belongs to the
// browser's root, which both sessions share, and ends with next. When somebody else signed in, the
// earlier user is signed out.
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

// EndAll signs a user out everywhere: every session ends, and every grant, also one whose session ran
// out long ago and one that survives a sign-out. The session except and the grants of its browser stay;
// empty means that none does. The revocation comes first: with it everything is dead.
func (s *Sessions) EndAll(ctx context.Context, user oauth.UserID, except oauth.SessionRef, reason string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	all, err := s.OfUser(ctx, user)
	if err != nil {
		return err
	}
	return s.endAll(ctx, all, store.Ending{User: user, What: store.EndedUser}, except, reason)
}

// EndAllAround runs a change after which a user cannot sign in with what they knew, and signs them out
// everywhere. Everything that they have is dead before the change, so that it is never made without the ending;
// and what began in between ends after it. Both can be repeated.
//
// The session except and the grants of its browser survive a change that fails, so that its person can try
// again. They end with a change that succeeds. Empty means that no session survives.
func (s *Sessions) EndAllAround(
	ctx context.Context, user oauth.UserID, except oauth.SessionRef, reason string, change func(context.Context) error,
) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	ending := store.Ending{User: user, What: store.EndedUser}
	before, err := s.OfUser(ctx, user)
	switch {
	case err != nil:
		return err
	case except == "": // an operator's change matters more than the records of what is dead already
		err = s.raise(ctx, ending)
	default: // nothing may have changed for a person who is asked to try again
		err = s.endAll(ctx, before, ending, except, reason)
		before = nil
	}
	if err != nil {
		return err
	}
	changed := change(ctx)
	if changed == nil {
		except = ""
	}
	between, err := s.OfUser(ctx, user)
	if err == nil {
		err = s.endAll(ctx, append(before, between...), ending, except, reason)
	}
	if changed != nil {
		return changed
	}
	return err
}

func (s *Sessions) endAll(ctx context.Context, all []oauth.Session, ending store.Ending, except oauth.SessionRef, reason string) error {
	var refs []oauth.SessionRef
	for _, one := range all {
		if one.Ref == except {
			ending.What, ending.Root = store.EndedOthers, one.Root
			continue
		}
		refs = append(refs, one.Ref)
	}
	err := s.raise(ctx, ending)
	if err == nil {
		err = unavailable(s.o.Store.End(ctx, ending.User, refs...))
	}
	s.recordEnd(ctx, ending.User, reason, refs, err)
	if err == nil {
		s.reap(ctx, ending.User, "")
	}
	return err
}

// EndGrants ends what a user allowed one client, in whatever session; without a client, what they
// allowed all of them. The sessions live on. For the client to ask again, forget the consent first.
// It returns how many grants ended; beyond reapNow it is an estimate, never too low.
func (s *Sessions) EndGrants(ctx context.Context, user oauth.UserID, client oauth.ClientID) (int, error) {
	ctx, release := commit.Begin(ctx)
	defer release()
	ending := store.Ending{User: user, What: store.EndedGrants}
	if client != "" {
		ending.What, ending.Client = store.EndedClient, client
	}
	if err := s.raise(ctx, ending); err != nil {
		return 0, err
	}
	reaped := s.reap(ctx, user, client)
	return reaped.Ended + reaped.Left, nil
}
