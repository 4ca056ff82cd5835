package admin

import (
	"context"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// GrantsOf reads one page of the live grants of a user; with a client only those to it. Those to one
// client stand together, newest first.
func (a *Admin) GrantsOf(ctx context.Context, q store.GrantQuery) (store.GrantPage, error) {
	page, err := a.o.Grants.OfUser(ctx, q)
	if err != nil {
		return store.GrantPage{}, oauth.Unavailable(err)
	}
	page.Grants = slices.DeleteFunc(page.Grants, func(g oauth.Grant) bool { return !a.lives(g) })
	return page, nil
}

func (a *Admin) lives(g oauth.Grant) bool { return a.o.Now().Before(g.Expires) }

// Grant reads a live grant; no credential of it is spent.
func (a *Admin) Grant(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	g, err := a.o.Grants.Get(ctx, ref)
	if err == nil && !a.lives(g) {
		err = store.Absent
	}
	return g, asked(err, "grant")
}

// RevokeGrant ends a grant with its code, refresh and access tokens, and forgets the user's consent to
// the client, so that the client has to ask again. The consent goes first: a new grant that is made
// meanwhile was asked for.
func (op Operator) RevokeGrant(ctx context.Context, ref oauth.GrantRef) error {
	return op.act(ctx, "grant.revoke", string(ref), func(ctx context.Context, d *deed) error {
		g, err := op.Grant(ctx, ref)
		if err != nil {
			return err
		}
		d.before = facts{"user_id": string(g.User), "client_id": string(g.Client), "scope": g.Scope.String()}
		if err := op.o.Consents.Withdraw(ctx, g.User, g.Client); err != nil {
			return oauth.Unavailable(err)
		}
		return op.o.Tokens.RevokeGrant(ctx, op.Name, g)
	})
}

// RevokeUser ends every grant of a user, or those to one client, and returns how many; beyond a few
// hundred the number is an estimate. Sessions live on. A client must be registered.
func (op Operator) RevokeUser(ctx context.Context, user oauth.UserID, client oauth.ClientID) (n int, err error) {
	err = op.act(ctx, "user.revoke_tokens", string(user), func(ctx context.Context, d *deed) error {
		d.after = facts{"client_id": string(client)}
		if _, err := op.o.Directory.Get(ctx, user); err != nil {
			return asked(err, "user")
		}
		if client != "" {
			// An ending is stored even where it ends nothing: no made-up ids.
			if _, err := op.Client(ctx, client); err != nil {
				return err
			}
		}
		n, err = op.o.Sessions.EndGrants(ctx, user, client)
		op.o.Events.Emit(ctx, event.TokenRevoked{
			By: event.Actor(op.Name), Client: client, User: user, Revoked: event.RevokedUser, Outcome: commit.OutcomeOf(err),
		})
		if err == nil {
			d.after["revoked"] = n
		}
		return err
	})
	return n, err
}

// Examine tells about any token; false for what is not alive.
func (a *Admin) Examine(ctx context.Context, text oauth.Token) (token.Known, bool, error) {
	return a.o.Tokens.Examine(ctx, text)
}

// RevokeToken ends a token whoever it was issued to, and tells whether something ended by it.
func (op Operator) RevokeToken(ctx context.Context, text oauth.Token) (ended bool, err error) {
	err = op.act(ctx, "token.revoke", "", func(ctx context.Context, d *deed) error {
		known, _, err := op.o.Tokens.Examine(ctx, text) // for the record only; a code is not told about
		if err != nil {
			return err
		}
		d.object = known.JTI
		d.before = facts{"client_id": string(known.Client), "subject": known.Subject, "grant": string(known.Grant)}
		ended, err = op.o.Tokens.RevokeAny(ctx, op.Name, text)
		d.nothing = !ended
		return err
	})
	return ended, err
}

// RevokeAll ends, for everybody, what is older than a time; zero means now. That is every code, access and
// refresh token that was issued before it or hangs on a grant given before it, every session that began
// before it, and the grants that were given in one. The operator's own token is no exception. Of two calls
// the later time holds; the other replicas notice within a lease.
func (op Operator) RevokeAll(ctx context.Context, before time.Time) error {
	return op.act(ctx, "token.revoke_all", "", func(ctx context.Context, d *deed) error {
		before, err := op.past(before)
		if err != nil {
			return err
		}
		d.after = facts{"before": moment(before)}
		if err = op.o.Registry.RaiseEpoch(ctx, before); err != nil {
			err = oauth.Unavailable(err)
		}
		op.o.Events.Emit(ctx, event.TokenRevoked{By: event.Actor(op.Name), Revoked: event.RevokedAll, Outcome: commit.OutcomeOf(err)})
		return err
	})
}

// Keys lists the server's keys, the one whose turn comes last first.
func (a *Admin) Keys() []keyring.Info { return a.o.Ring.List() }

// RotateKeys hands the keys of one use over to successors.
func (op Operator) RotateKeys(ctx context.Context, use string) error {
	return op.act(ctx, "key.rotate", use, func(ctx context.Context, _ *deed) error {
		return asked(op.o.Ring.Rotate(ctx, use), "key")
	})
}

// DropKey takes a key out of the ring for good; what it made is refused.
func (op Operator) DropKey(ctx context.Context, id string) error {
	return op.act(ctx, "key.drop", id, func(ctx context.Context, _ *deed) error {
		return asked(op.o.Ring.Drop(ctx, id), "key")
	})
}

// Stats is how much there is of everything.
type Stats struct {
	store.Counts
	At            time.Time
	Keys          int
	SigningKeyAge time.Duration // of the key that signs
}

// Stats counts. What it costs does not grow with the numbers.
func (a *Admin) Stats(ctx context.Context) (Stats, error) {
	now := a.o.Now()
	counts, err := a.o.Overview.Counts(ctx, now)
	if err != nil {
		return Stats{}, oauth.Unavailable(err)
	}
	keys := a.o.Ring.List()
	s := Stats{Counts: counts, At: now, Keys: len(keys)}
	for _, k := range keys {
		if k.Use == keyring.UseSign && k.State == keyring.Active {
			s.SigningKeyAge = now.Sub(k.Active)
			break
		}
	}
	return s, nil
}
