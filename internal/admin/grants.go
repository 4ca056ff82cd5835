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

// GrantsOf returns one page of the live grants of a user, or of those to one client. Grants to one client are
// adjacent, the newest first.
func (a *Admin) GrantsOf(ctx context.Context, q store.GrantQuery) (store.GrantPage, error) {
	page, err := a.o.Grants.OfUser(ctx, q)
	if err != nil {
		return store.GrantPage{}, oauth.Unavailable(err)
	}
	page.Grants = slices.DeleteFunc(page.Grants, func(g oauth.Grant) bool { return !a.lives(g) })
	return page, nil
}

func (a *Admin) lives(g oauth.Grant) bool { return a.o.Now().Before(g.Expires) }

// Grant returns a live grant. It does not spend a credential of the grant.
func (a *Admin) Grant(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error) {
	g, err := a.o.Grants.Get(ctx, ref)
	if err == nil && !a.lives(g) {
		err = store.Absent
	}
	return g, refusalOf(err, "grant")
}

// RevokeGrant revokes a grant with its code, refresh and access tokens, and withdraws the user's consent to the
// client. It withdraws the consent first: a grant that is created concurrently then had a new consent.
func (op Operator) RevokeGrant(ctx context.Context, ref oauth.GrantRef) error {
	return op.act(ctx, "grant.revoke", string(ref), func(ctx context.Context, d *record) error {
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

// RevokeUser revokes every grant of a user, or those to one client, and returns their number, which is an estimate
// beyond a few hundred. Sessions continue. A client must be registered.
func (op Operator) RevokeUser(ctx context.Context, user oauth.UserID, client oauth.ClientID) (n int, err error) {
	err = op.act(ctx, "user.revoke_tokens", string(user), func(ctx context.Context, d *record) error {
		d.after = facts{"client_id": string(client)}
		if _, err := op.o.Directory.Get(ctx, user); err != nil {
			return refusalOf(err, "user")
		}
		if client != "" {
			// A revocation is stored even when it revokes nothing: refuse made-up ids.
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

// Examine describes any token; false when it is not active.
func (a *Admin) Examine(ctx context.Context, text oauth.Token) (token.Known, bool, error) {
	return a.o.Tokens.Examine(ctx, text)
}

// RevokeToken revokes a token of any client, and reports whether it was active.
func (op Operator) RevokeToken(ctx context.Context, text oauth.Token) (ended bool, err error) {
	err = op.act(ctx, "token.revoke", "", func(ctx context.Context, d *record) error {
		known, _, err := op.o.Tokens.Examine(ctx, text) // for the record only; it does not describe codes
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

// RevokeAll revokes everything older than a time; zero means now. That is every code, access and refresh token that
// was issued before it or belongs to an earlier grant, every earlier session, and the grants given in one. The
// operator's own token is included. Of two concurrent calls the later time wins; other replicas follow within a lease.
func (op Operator) RevokeAll(ctx context.Context, before time.Time) error {
	return op.act(ctx, "token.revoke_all", "", func(ctx context.Context, d *record) error {
		before, err := op.past(before)
		if err != nil {
			return err
		}
		d.after = facts{"before": moment(before)}
		if err = op.o.Lease.RaiseEpoch(ctx, before); err != nil {
			err = oauth.Unavailable(err)
		}
		op.o.Events.Emit(ctx, event.TokenRevoked{By: event.Actor(op.Name), Revoked: event.RevokedAll, Outcome: commit.OutcomeOf(err)})
		return err
	})
}

// Restored records that an archive was restored, and revokes everything older than a time, as RevokeAll does.
func (op Operator) Restored(ctx context.Context, archive, part string, before time.Time) error {
	return op.act(ctx, "backup.restore", archive, func(ctx context.Context, d *record) error {
		d.after = facts{"part": part, "before": moment(before)}
		if before.IsZero() {
			delete(d.after, "before")
			return nil
		}
		if err := op.o.Lease.RaiseEpoch(ctx, before); err != nil {
			return oauth.Unavailable(err)
		}
		return nil
	})
}

// Keys lists the server's keys, the last one of the calendar first.
func (a *Admin) Keys() []keyring.Info { return a.o.Ring.List() }

// RotateKeys replaces the keys of one use by their successors.
func (op Operator) RotateKeys(ctx context.Context, use string) error {
	return op.act(ctx, "key.rotate", use, func(ctx context.Context, _ *record) error {
		return refusalOf(op.o.Ring.Rotate(ctx, use), "key")
	})
}

// DropKey removes a key for good: everything made with it is refused.
func (op Operator) DropKey(ctx context.Context, id string) error {
	return op.act(ctx, "key.drop", id, func(ctx context.Context, _ *record) error {
		return refusalOf(op.o.Ring.Drop(ctx, id), "key")
	})
}

// Stats are the numbers of stored objects.
type Stats struct {
	store.Counts
	At            time.Time
	Keys          int
	SigningKeyAge time.Duration // of the key that signs
}

// Stats counts the stored objects. Its cost does not grow with their number.
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
