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

// SessionFilter selects sessions: those that match every field that is set.
type SessionFilter struct {
	User          oauth.UserID
	Client        oauth.ClientID // the session holds a live grant to it
	StartedBefore time.Time
	SeenBefore    time.Time
}

// SessionPage is a page of sessions. Next is zero on the last page.
type SessionPage struct {
	Sessions []oauth.Session
	Next     SessionCursor
}

// SessionCursor is a position in the list of all sessions, or in that of one user.
type SessionCursor struct {
	Place  store.SessionPlace
	Behind oauth.SessionRef // in the list of one user: the last one returned
}

// FindSessions reads limit sessions and returns those that match, which may be none. The sessions of one user are in
// the order of their names; the list of all sessions is in the order of their expiry.
func (a *Admin) FindSessions(ctx context.Context, f SessionFilter, from SessionCursor, limit int) (SessionPage, error) {
	seen, next, err := a.candidates(ctx, f, from, limit)
	if err != nil {
		return SessionPage{}, err
	}
	fitting, err := a.fitting(ctx, f, seen)
	return SessionPage{Sessions: fitting, Next: next}, err
}

func (a *Admin) candidates(ctx context.Context, f SessionFilter, from SessionCursor, limit int) ([]oauth.Session, SessionCursor, error) {
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

// browsersOfClient returns the browsers in which a user has a live grant to the client.
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

// EndSession ends a browser session and the grants given in it.
func (op Operator) EndSession(ctx context.Context, ref oauth.SessionRef) error {
	return op.act(ctx, "session.end", string(ref), func(ctx context.Context, d *record) error {
		s, err := op.o.Sessions.Get(ctx, ref)
		if err != nil {
			return refusalOf(err, "session")
		}
		d.before = facts{"user_id": string(s.User)}
		return op.o.Sessions.End(ctx, s, reasonOperator)
	})
}

// Ended is the result of one step of EndSessions.
type Ended struct {
	Ended     int
	Remaining int // an estimate of the sessions that are still to be read
	Next      SessionCursor
}

// maxConcurrentEnds bounds how many sessions are ended concurrently.
const maxConcurrentEnds = 16

// EndSessions ends the matching sessions of one page of limit sessions. Call it again from Next until that is zero;
// after an error the whole work may be started again.
func (op Operator) EndSessions(ctx context.Context, f SessionFilter, from SessionCursor, limit int) (done Ended, err error) {
	err = op.act(ctx, "sessions.end", string(f.User), func(ctx context.Context, d *record) error {
		d.after = facts{
			"client_id": string(f.Client), "started_before": moment(f.StartedBefore), "seen_before": moment(f.SeenBefore),
		}
		done, err = op.endSessions(ctx, d, f, from, limit)
		return err
	})
	return done, err
}

func (op Operator) endSessions(ctx context.Context, d *record, f SessionFilter, from SessionCursor, limit int) (Ended, error) {
	page, err := op.FindSessions(ctx, f, from, limit)
	if err != nil {
		return Ended{}, err
	}
	var all errgroup.Group
	all.SetLimit(maxConcurrentEnds)
	for _, s := range page.Sessions {
		all.Go(func() error { return op.o.Sessions.End(ctx, s, reasonOperator) })
	}
	if err := all.Wait(); err != nil {
		return Ended{}, refusalOf(err, "session")
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
		left, _, err := a.candidates(ctx, f, from, 1<<20)
		return len(left), err
	}
	n, err := a.o.Overview.SessionsBehind(ctx, from.Place, a.o.Now())
	if err != nil {
		return 0, oauth.Unavailable(err)
	}
	return n, nil
}
