package epoch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Rule reads the two facts. An error means "could not ask", and the caller of the store gets it.
type Rule struct {
	// Epoch returns the epoch; zero when it was never raised. It is read before the store.
	Epoch func(context.Context) (time.Time, error)
	// Client returns a client as it is registered now; store.Absent when it is not.
	Client func(context.Context, oauth.ClientID) (oauth.Client, error)
}

// Grants hides the grants that do not count.
func Grants(s store.Grants, r Rule) store.Grants { return grants{s, r} }

// Access reports every token dead that is older than the epoch or whose grant does not count.
func Access(s store.Access, r Rule) store.Access { return access{s, r} }

// Sessions hides the sessions that are older than the epoch.
func Sessions(s store.Sessions, r Rule) store.Sessions { return sessions{s, r} }

// Overview hides them from the list of all users' sessions, and the grants that do not count from the summary of a
// user's. Counts includes such sessions until they expire.
func Overview(s store.Overview, r Rule) store.Overview { return overview{s, r} }

// judge applies the rule to the grants of one read. Lists hold the grants to one client together, so that remembering
// the last client reads each once.
type judge struct {
	rule  Rule
	epoch time.Time

	last     oauth.ClientID
	client   oauth.Client // last, if it is registered
	absent   bool
	answered bool
}

// judge reads the epoch.
func (r Rule) judge(ctx context.Context) (*judge, error) {
	epoch, err := r.Epoch(ctx)
	return &judge{rule: r, epoch: epoch}, err
}

// counts reports whether a grant can still be used.
func (j *judge) counts(ctx context.Context, g oauth.Grant) (bool, error) {
	if grantIsOlder(g, j.epoch) {
		return false, nil
	}
	if !j.answered || j.last != g.Client {
		client, err := j.rule.Client(ctx, g.Client)
		j.absent = errors.Is(err, store.Absent)
		if err != nil && !j.absent {
			return false, err
		}
		j.last, j.client, j.answered = g.Client, client, true
	}
	return !j.absent && j.client.Honors(g), nil
}

// grantIsOlder reports whether a grant was made before the epoch, or in a session that began before. The store keeps
// the time of the sign-in in whole seconds: a sign-in in the epoch's own second may have been after it.
func grantIsOlder(g oauth.Grant, epoch time.Time) bool {
	signedInBefore := !g.AuthTime.IsZero() && !g.AuthTime.Truncate(time.Second).Add(time.Second).After(epoch)
	return g.Born.Before(epoch) || signedInBefore
}

func sessionIsOlder(s oauth.Session, epoch time.Time) bool { return s.Started.Before(epoch) }

// The wrappers below forward every verb by name and embed no interface: after a contract gains a verb, this package
// does not compile until its author has decided whether the rule applies to it.

type grants struct {
	store store.Grants
	rule  Rule
}

// Create implements store.Grants. A new grant is younger than the epoch.
func (s grants) Create(ctx context.Context, g oauth.Grant) error { return s.store.Create(ctx, g) }

// CreateOnce implements store.Grants.
func (s grants) CreateOnce(ctx context.Context, g oauth.Grant, once store.Once) error {
	return s.store.CreateOnce(ctx, g, once)
}

// Kill implements store.Grants.
func (s grants) Kill(ctx context.Context, refs ...oauth.GrantRef) error {
	return s.store.Kill(ctx, refs...)
}

// Advance spends nothing before the epoch is known, and kills a grant that is older. The caller compares the grant with
// the client that it authenticated (oauth.Client.Honors).
func (s grants) Advance(ctx context.Context, p store.Presentation) (store.Outcome, error) {
	epoch, err := s.rule.Epoch(ctx)
	if err != nil {
		return store.Outcome{}, err
	}
	out, err := s.store.Advance(ctx, p)
	lives := out.Verdict == oauth.Advanced || out.Verdict == oauth.Retried
	if err != nil || !lives || !grantIsOlder(out.Grant, epoch) {
		return out, err
	}
	if err := s.store.Kill(ctx, p.Grant); err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Verdict: oauth.Unknown}, nil
}

func (s grants) Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	j, err := s.rule.judge(ctx)
	if err != nil {
		return oauth.Grant{}, err
	}
	grant, err := s.store.Get(ctx, ref)
	if err != nil {
		return oauth.Grant{}, err
	}
	counts, err := j.counts(ctx, grant)
	switch {
	case err != nil:
		return oauth.Grant{}, err
	case !counts:
		return oauth.Grant{}, store.Absent
	}
	return grant, nil
}

func (s grants) OfUser(ctx context.Context, q store.GrantQuery) (store.GrantPage, error) {
	j, err := s.rule.judge(ctx)
	if err != nil {
		return store.GrantPage{}, err
	}
	page, err := s.store.OfUser(ctx, q)
	if err != nil {
		return store.GrantPage{}, err
	}
	kept := page.Grants[:0]
	for _, g := range page.Grants {
		counts, err := j.counts(ctx, g)
		if err != nil {
			return store.GrantPage{}, err
		}
		if counts {
			kept = append(kept, g)
		}
	}
	page.Grants = kept
	return page, nil
}

type access struct {
	store store.Access
	rule  Rule
}

// Put implements store.Access.
func (s access) Put(ctx context.Context, a oauth.Access, now time.Time) error {
	return s.store.Put(ctx, a, now)
}

// Revoke implements store.Access.
func (s access) Revoke(ctx context.Context, q store.Query, expires, now time.Time) error {
	return s.store.Revoke(ctx, q, expires, now)
}

// RevokeClient implements store.Access.
func (s access) RevokeClient(ctx context.Context, client oauth.ClientID, before time.Time, keep time.Duration) error {
	return s.store.RevokeClient(ctx, client, before, keep)
}

// Look hides a grant that does not count, and reports the tokens from before the epoch as revoked.
func (s access) Look(ctx context.Context, q store.Query) (store.Standing, error) {
	j, err := s.rule.judge(ctx)
	if err != nil {
		return store.Standing{}, err
	}
	standing, err := s.store.Look(ctx, q)
	if err != nil {
		return store.Standing{}, err
	}
	if standing.GrantFound {
		counts, err := j.counts(ctx, standing.Grant)
		if err != nil {
			return store.Standing{}, err
		}
		if !counts {
			standing.Grant, standing.GrantFound = oauth.Grant{}, false
		}
	}
	if standing.ClientBefore.Before(j.epoch) {
		standing.ClientBefore = j.epoch
	}
	return standing, nil
}

type sessions struct {
	store store.Sessions
	rule  Rule
}

// Start implements store.Sessions. A new session is younger than the epoch.
func (s sessions) Start(ctx context.Context, one oauth.Session, limit int) (oauth.Generation, []oauth.SessionRef, error) {
	return s.store.Start(ctx, one, limit)
}

// Touch implements store.Sessions.
func (s sessions) Touch(ctx context.Context, one oauth.Session) error { return s.store.Touch(ctx, one) }

// End implements store.Sessions.
func (s sessions) End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error {
	return s.store.End(ctx, user, refs...)
}

func (s sessions) Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error) {
	epoch, err := s.rule.Epoch(ctx)
	if err != nil {
		return oauth.Session{}, err
	}
	session, err := s.store.Find(ctx, ref, now)
	if err == nil && sessionIsOlder(session, epoch) {
		return oauth.Session{}, store.Absent
	}
	return session, err
}

func (s sessions) OfUser(ctx context.Context, user oauth.UserID, now time.Time) ([]oauth.Session, error) {
	epoch, err := s.rule.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.store.OfUser(ctx, user, now)
	return slices.DeleteFunc(all, func(one oauth.Session) bool { return sessionIsOlder(one, epoch) }), err
}

type overview struct {
	store store.Overview
	rule  Rule
}

// Counts implements store.Overview. Sessions that do not count are included until they expire.
func (s overview) Counts(ctx context.Context, now time.Time) (store.Counts, error) {
	return s.store.Counts(ctx, now)
}

// SessionsBehind implements store.Overview, likewise.
func (s overview) SessionsBehind(ctx context.Context, after store.SessionPlace, now time.Time) (int, error) {
	return s.store.SessionsBehind(ctx, after, now)
}

func (s overview) Sessions(
	ctx context.Context, after store.SessionPlace, limit int, now time.Time,
) ([]oauth.Session, store.SessionPlace, error) {
	epoch, err := s.rule.Epoch(ctx)
	if err != nil {
		return nil, store.SessionPlace{}, err
	}
	live, next, err := s.store.Sessions(ctx, after, limit, now)
	return slices.DeleteFunc(live, func(one oauth.Session) bool { return sessionIsOlder(one, epoch) }), next, err
}

func (s overview) ClientsOfUser(ctx context.Context, q store.ClientsQuery) ([]store.ClientGrants, error) {
	j, err := s.rule.judge(ctx)
	if err != nil {
		return nil, err
	}
	asked := q.Keep
	q.Keep = func(ctx context.Context, g oauth.Grant) (bool, error) {
		counts, err := j.counts(ctx, g)
		if err != nil || !counts || asked == nil {
			return counts, err
		}
		return asked(ctx, g)
	}
	return s.store.ClientsOfUser(ctx, q)
}
