package token

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Revoke ends a token for the client that holds it (RFC 7009). A refresh token takes its grant with it,
// and so every access token of the grant. A token that is not ours, or no more, is no error (§2.2);
// another client's is refused and stays alive (§2.1).
//
// A code is not a token here (§2.1): it comes without its verifier, so somebody who found one in a log
// could end the grant of a public client.
//
// Revoke reports that a token is gone only after the store has made sure of it: a token that a read does not
// find may have been ended by a change that was not acknowledged, and be back after a failover.
func (t *Tokens) Revoke(ctx context.Context, by oauth.Client, text oauth.Token) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	if credential, ok := oauth.OpenCredential(text, oauth.KindRefresh, t.o.Ring.KeyOf); ok {
		return t.revokeCredential(ctx, by, credential)
	}
	a, query, found, err := t.find(ctx, text)
	if err != nil {
		return err
	}
	if !found {
		return t.confirmGone(ctx, by, query)
	}
	if a.Client != by.ID {
		return notYours()
	}
	err = couldAsk(t.o.Access.Revoke(ctx, query, a.Expires, t.o.Now()))
	t.tell(ctx, event.TokenRevoked{
		By: event.Actor(by.ID), Client: a.Client, User: userOf(a), Grant: a.Grant, Revoked: event.RevokedToken, Token: event.TokenID(jtiOf(a, query)),
		GrantType: a.GrantType,
		Outcome:   commit.OutcomeOf(err),
	})
	return err
}

// confirmGone makes sure of the absence of an opaque token that was this client's.
func (t *Tokens) confirmGone(ctx context.Context, by oauth.Client, q store.Query) error {
	if q.Format != oauth.FormatOpaque || q.Client != store.TagOf(by.ID) {
		return nil
	}
	now := t.o.Now()
	return couldAsk(t.o.Access.Revoke(ctx, q, now, now))
}

// couldAsk makes "could not ask" of a store's error.
func couldAsk(err error) error {
	if err != nil {
		return oauth.Unavailable(err)
	}
	return nil
}

func (t *Tokens) find(ctx context.Context, text oauth.Token) (oauth.Access, store.Query, bool, error) {
	said, query, dead := t.open(text)
	if dead != "" {
		return oauth.Access{}, query, false, nil
	}
	if query.Format == oauth.FormatJWT {
		return said, query, t.o.Now().Before(said.Expires), nil
	}
	standing, err := t.o.Access.Look(ctx, query)
	if err != nil {
		return oauth.Access{}, query, false, oauth.Unavailable(err)
	}
	return standing.Access, query, standing.Found, nil
}

func (t *Tokens) revokeCredential(ctx context.Context, by oauth.Client, c oauth.Credential) error {
	grant, err := t.grantOf(ctx, c)
	if err != nil {
		return err
	}
	if grant == nil {
		return couldAsk(t.o.Grants.Kill(ctx, c.Grant.Ref()))
	}
	if grant.Client != by.ID {
		return notYours()
	}
	return t.RevokeGrant(ctx, string(by.ID), *grant)
}

// grantOf reads the grant of a credential whose seal was checked; nil when it is gone.
func (t *Tokens) grantOf(ctx context.Context, c oauth.Credential) (*oauth.Grant, error) {
	grant, err := t.o.Grants.Get(ctx, c.Grant.Ref())
	switch {
	case errors.Is(err, store.Absent):
		return nil, nil //nolint:nilnil // absence is an answer here, and the caller's first question
	case err != nil:
		return nil, oauth.Unavailable(err)
	}
	return &grant, nil
}

// RevokeGrant ends a grant: its refresh tokens and its access tokens of both formats. by says who
// wanted it, for the audit log.
func (t *Tokens) RevokeGrant(ctx context.Context, by string, g oauth.Grant) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	err := couldAsk(t.o.Grants.Kill(ctx, g.Ref))
	t.tell(ctx, event.TokenRevoked{
		By: event.Actor(by), Client: g.Client, User: g.User, Grant: g.Ref, Revoked: event.RevokedGrant, GrantType: g.Type, Outcome: commit.OutcomeOf(err),
	})
	return err
}

// RevokeClient ends every token that a client got before a time: access tokens by the store, and
// refresh tokens because the caller records the same time as the client's NotBefore.
func (t *Tokens) RevokeClient(ctx context.Context, by string, client oauth.ClientID, before time.Time) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	err := couldAsk(t.o.Access.RevokeClient(ctx, client, before, t.o.Longest))
	t.tell(ctx, event.TokenRevoked{By: event.Actor(by), Client: client, Revoked: event.RevokedClient, Outcome: commit.OutcomeOf(err)})
	return err
}

func (t *Tokens) tell(ctx context.Context, e event.Event) { t.o.Events.Emit(ctx, e) }

func notYours() error {
	return oauth.Refuse(oauth.UnauthorizedClient, "the token was issued to another client", nil)
}

// jtiOf is the public name of an access token.
func jtiOf(a oauth.Access, q store.Query) string {
	if a.JTI != "" {
		return a.JTI
	}
	return q.Digest.Key()
}

func userOf(a oauth.Access) oauth.UserID {
	if a.OfUser() {
		return oauth.UserID(a.Subject)
	}
	return ""
}
