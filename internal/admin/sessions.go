package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// SessionFilter says which sessions are meant: those that fit every field that is set.
type SessionFilter struct {
	User          oauth.UserID
	Client        oauth.ClientID // a grant to it lives in the session
	StartedBefore time.Time
	SeenBefore    time.Time
}

// SessionPage is a part of the sessions. Next is zero when there are no more.
type SessionPage struct {
	Sessions []oauth.Session
	Next     SessionCursor
}

// SessionCursor is a place among the sessions: among everybody's, or among those of one user.
type SessionCursor struct {
	Place  store.SessionPlace
	Behind oauth.SessionRef // of one user: the last one that was told
}

// FindSessions looks at a part of the sessions and gives those that fit, at most limit and maybe none.
// Those of one user come in the order of their names; those of everybody come in the order in which
// they would end.
func (a *Admin) FindSessions(ctx context.Context, f SessionFilter, from SessionCursor, limit int) (SessionPage, error) {
	seen, next, err := a.lookedAt(ctx, f, from, limit)
	if err != nil {
		return SessionPage{}, err
	}
	fitting, err := a.fitting(ctx, f, seen)
	return SessionPage{Sessions: fitting, Next: next}, err
}

func (a *Admin) lookedAt(ctx context.Context, f SessionFilter, from SessionCursor, limit int) ([]oauth.Session, SessionCursor, error) {
	if f.User == "" {
		all, place, err := a.o.Overview.Sessions(ctx, from.Place, limit, a.o.Now())
		if err != nil {
			return nil, SessionCursor{}, oauth.Unavailable(err)
		}
		return all, SessionCursor{Place: place}, nil
	}
	all, err := a.o.Sessions.OfUser(ctx, f.User)
	if err != nil {
		return nil, SessionCursor{}, err
	}
	slices.SortFunc(all, func(a, b oauth.Session) int { return strings.Compare(string(a.Ref), string(b.Ref)) })
	all = slices.DeleteFunc(all, func(s oauth.Session) bool { return s.Ref <= from.Behind })
	if len(all) <= limit {
		return all, SessionCursor{}, nil
	}
	return all[:limit], SessionCursor{Behind: all[limit-1].Ref}, nil
}

func (a *Admin) fitting(ctx context.Context, f SessionFilter, all []oauth.Session) ([]oauth.Session, error) {
	holding := map[oauth.UserID]map[oauth.RootTag]bool{} // of f.Client
	var kept []oauth.Session
	for _, s := range all {
		if !f.StartedBefore.IsZero() && !s.Started.Before(f.StartedBefore) || !f.SeenBefore.IsZero() && !s.Seen.Before(f.SeenBefore) {
			continue
		}
		if f.Client != "" {
			if holding[s.User] == nil {
				roots, err := a.browsersOfClient(ctx, s.User, f.Client)
				if err != nil {
					return nil, err
				}
				holding[s.User] = roots
			}
			if !holding[s.User][s.Root] {
				continue
			}
		}
		kept = append(kept, s)
	}
	return kept, nil
}

// browsersOfClient finds the browsers in which a user gave the client something that lives.
func (a *Admin) browsersOfClient(ctx context.Context, user oauth.UserID, client oauth.ClientID) (map[oauth.RootTag]bool, error) {
	roots := map[oauth.RootTag]bool{}
	for q := (store.GrantQuery{User: user, Client: client, Limit: oauth.MaxGrantsOfClient}); ; {
		page, err := a.GrantsOf(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Grants {
			roots[g.Ref.Root()] = true
		}
		if q.After = page.Next; q.After == "" {
			return roots, nil
		}
	}
}

// EndSession signs a browser out and ends what was allowed in the session.
func (op Operator) EndSession(ctx context.Context, ref oauth.SessionRef) error {
	return op.act(ctx, "session.end", string(ref), func(ctx context.Context, d *deed) error {
		s, err := op.o.Sessions.Get(ctx, ref)
		if err != nil {
			return asked(err, "session")
		}
		d.before = facts{"user_id": string(s.User)}
		return op.o.Sessions.End(ctx, s, reasonOperator)
	})
}

// Ended is what one step of ending many sessions did.
type Ended struct {
	Ended     int
	Remaining int // about how many are still to be looked at
	Next      SessionCursor
}

// endingAtOnce bounds how many sessions of one step end at the same time.
const endingAtOnce = 16

// EndSessions ends the sessions of one part that fit: a step of a long work, which looks at no more
// than limit sessions. It goes on from Next until that is zero; broken off, it can begin anew.
func (op Operator) EndSessions(ctx context.Context, f SessionFilter, from SessionCursor, limit int) (done Ended, err error) {
	err = op.act(ctx, "sessions.end", string(f.User), func(ctx context.Context, d *deed) error {
		d.after = facts{
			"client_id": string(f.Client), "started_before": moment(f.StartedBefore), "seen_before": moment(f.SeenBefore),
		}
		done, err = op.endSessions(ctx, d, f, from, limit)
		return err
	})
	return done, err
}

func (op Operator) endSessions(ctx context.Context, d *deed, f SessionFilter, from SessionCursor, limit int) (Ended, error) {
	page, err := op.FindSessions(ctx, f, from, limit)
	if err != nil {
		return Ended{}, err
	}
	var all errgroup.Group
	all.SetLimit(endingAtOnce)
	for _, s := range page.Sessions {
		all.Go(func() error { return op.o.Sessions.End(ctx, s, reasonOperator) })
	}
	if err := all.Wait(); err != nil {
		return Ended{}, asked(err, "session")
	}
	done := Ended{Ended: len(page.Sessions), Next: page.Next}
	d.after["ended"], d.nothing = done.Ended, done.Ended == 0
	if done.Remaining, err = op.remaining(ctx, f, page.Next); err != nil {
		return Ended{}, err
	}
	return done, nil
}

func (a *Admin) remaining(ctx context.Context, f SessionFilter, from SessionCursor) (int, error) {
	if from == (SessionCursor{}) {
		return 0, nil
	}
	if f.User != "" {
		left, _, err := a.lookedAt(ctx, f, from, 1<<20)
		return len(left), err
	}
	n, err := a.o.Overview.SessionsBehind(ctx, from.Place, a.o.Now())
	if err != nil {
		return 0, oauth.Unavailable(err)
	}
	return n, nil
}
