// Package epoch owns the rule that what is older than the epoch is dead, whoever it belongs to: codes,
// refresh and access tokens, and login sessions. An operator raises the epoch when what the store says
// about the past can no longer be believed, as after a backup was restored.
//
// It stands in front of the store's contracts: to the rooms above, what is older is not there, and none
// of them can forget to ask.
package epoch

import (
	"context"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Of tells the epoch; zero when it was never raised. An error means "could not ask", and then nothing
// behind it is asked either.
type Of func(context.Context) (time.Time, error)

// Grants hides the grants that are older.
func Grants(s store.Grants, of Of) store.Grants { return grants{s, of} }

// Access lets no token live that is older, or whose grant is.
func Access(s store.Access, of Of) store.Access { return access{s, of} }

// Sessions hides the sessions that are older.
func Sessions(s store.Sessions, of Of) store.Sessions { return sessions{s, of} }

// Overview hides the sessions that are older from the list of everybody's. They are counted until they
// run out.
func Overview(s store.Overview, of Of) store.Overview { return overview{s, of} }

// grantIsOlder tells whether a grant was given before the epoch, or in a session that had begun before.
// The store keeps the time of the sign-in in whole seconds: one in the epoch's own second may have been
// after it.
func grantIsOlder(g oauth.Grant, epoch time.Time) bool {
	signedInBefore := !g.AuthTime.IsZero() && !g.AuthTime.Truncate(time.Second).Add(time.Second).After(epoch)
	return g.Born.Before(epoch) || signedInBefore
}

func sessionIsOlder(s oauth.Session, epoch time.Time) bool { return s.Started.Before(epoch) }

type grants struct {
	store.Grants
	of Of
}

// Advance spends nothing before the epoch is known. A grant that is older dies by it.
func (s grants) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return store.Outcome{}, err
	}
	out, err := s.Grants.Advance(ctx, p)
	lives := out.Verdict == oauth.Advanced || out.Verdict == oauth.Retried
	if err != nil || !lives || !grantIsOlder(out.Grant, epoch) {
		return out, err
	}
	if err := s.Kill(ctx, p.Grant); err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Verdict: oauth.Unknown}, nil
}

func (s grants) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return oauth.Grant{}, err
	}
	grant, err := s.Grants.Get(ctx, ref)
	if err == nil && grantIsOlder(grant, epoch) {
		return oauth.Grant{}, store.Absent
	}
	return grant, err
}

func (s grants) OfUser(ctx context.Context, q store.GrantQuery) (store.GrantPage, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return store.GrantPage{}, err
	}
	page, err := s.Grants.OfUser(ctx, q)
	page.Grants = slices.DeleteFunc(page.Grants, func(g oauth.Grant) bool { return grantIsOlder(g, epoch) })
	return page, err
}

type access struct {
	store.Access
	of Of
}

// Look answers what is told when the grant is gone and the client's tokens were revoked.
func (s access) Look(ctx context.Context, q store.Query) (store.Standing, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return store.Standing{}, err
	}
	standing, err := s.Access.Look(ctx, q)
	if standing.GrantFound && grantIsOlder(standing.Grant, epoch) {
		standing.Grant, standing.GrantFound = oauth.Grant{}, false
	}
	if standing.ClientBefore.Before(epoch) {
		standing.ClientBefore = epoch
	}
	return standing, err
}

type sessions struct {
	store.Sessions
	of Of
}

func (s sessions) Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return oauth.Session{}, err
	}
	session, err := s.Sessions.Find(ctx, ref, now)
	if err == nil && sessionIsOlder(session, epoch) {
		return oauth.Session{}, store.Absent
	}
	return session, err
}

func (s sessions) OfUser(ctx context.Context, user oauth.UserID, now time.Time) ([]oauth.Session, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.Sessions.OfUser(ctx, user, now)
	return slices.DeleteFunc(all, func(one oauth.Session) bool { return sessionIsOlder(one, epoch) }), err
}

type overview struct {
	store.Overview
	of Of
}

func (s overview) Sessions(
	ctx context.Context, after store.SessionPlace, limit int, now time.Time,
) ([]oauth.Session, store.SessionPlace, error) {
	epoch, err := s.of(ctx)
	if err != nil {
		return nil, store.SessionPlace{}, err
	}
	live, next, err := s.Overview.Sessions(ctx, after, limit, now)
	return slices.DeleteFunc(live, func(one oauth.Session) bool { return sessionIsOlder(one, epoch) }), next, err
}
