package authorize

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Answer is a successful authorization answer.
type Answer struct {
	Return oauth.Return
	Code   oauth.Token
}

// markLife is the life of the mark that an interaction was answered. For InteractionLife a request can be resumed
// under one id (see Resume), for as long again it can then be answered, and clocks differ.
const markLife = 2*InteractionLife + 5*time.Minute

// Issue creates the grant and returns its code. Call it for a request that Step found Ready, in the same
// session.
//
// An interaction yields one code, however often and by however many callers it is resumed. All of them get
// that same code as long as it can be redeemed, because a browser may not have seen the first answer; and
// AlreadyAnswered from then on.
func (a *Authorizer) Issue(ctx context.Context, c Continuation, session oauth.Session) (Answer, error) {
	random, create := c.id[:oauth.GrantEntropy], func(ctx context.Context, g oauth.Grant) error {
		once := store.Once{Name: string(c.id.Ref()), Keep: markLife - g.Born.Sub(c.asked)}
		return a.o.Grants.CreateOnce(ctx, g, once)
	}
	if c.id == (oauth.GrantID{}) {
		random, create = secret.Random(oauth.GrantEntropy), a.o.Grants.Create
	}
	id := oauth.NewGrantID(session.User, session.Root, random)
	grant := a.grant(c, session, id.Ref())
	ctx, release := commit.Begin(ctx)
	defer release()
	// The generation is as old as the session was read: an ending since then is noticed here, and one that
	// comes later ends the grant.
	err := create(ctx, grant)
	switch {
	case errors.Is(err, store.Conflict):
		grant, err = a.answeredBefore(ctx, grant)
	case errors.Is(err, store.Revoked):
		err = oauth.Refuse(oauth.AccessDenied, "the session has ended, or the access was revoked", nil).To(c.Return)
	case err != nil:
		err = oauth.Unavailable(err).To(c.Return)
	}
	if err != nil {
		return Answer{}, err
	}
	if err := a.stillAllowed(ctx, c, session, grant.Ref); err != nil {
		return Answer{}, oauth.AsError(err).To(c.Return)
	}
	keyID, key := a.o.Ring.SealingKey()
	code := oauth.Credential{
		Kind: oauth.KindCode, Key: keyID, Grant: id, Code: oauth.CodeOf(grant.Expires, c.Challenge, c.Return.URI),
	}.Seal(key)
	return Answer{Return: c.Return, Code: code}, nil
}

// grant returns the record of what is allowed.
func (a *Authorizer) grant(c Continuation, session oauth.Session, ref oauth.GrantRef) oauth.Grant {
	now := a.o.Now().Truncate(time.Millisecond)
	lifetimes := c.Client.Lifetimes.Or(a.o.Lifetimes)
	return oauth.Grant{
		Ref:         ref,
		Type:        oauth.GrantAuthorizationCode,
		Client:      c.Client.ID,
		User:        session.User,
		Username:    session.Username,
		Session:     session.Ref,
		Scope:       c.Scope,
		Audience:    c.Audience,
		Born:        now,
		Expires:     now.Add(lifetimes.Code),
		End:         now.Add(lifetimes.RefreshAbsolute),
		AuthTime:    session.AuthTime,
		ACR:         session.ACR,
		AMR:         session.AMR,
		Offline:     c.Scope.Has(oauth.ScopeOfflineAccess) && !c.Client.SignOutEndsAll,
		Generation:  session.Latest,
		RedirectURI: c.Return.URI,
		Nonce:       c.Nonce,
	}
}

// answeredBefore returns the grant that an interaction yielded before, when it is for the same request of the
// same person and its code is still to be redeemed. Its Expires is that of the first code, so that the same code results.
func (a *Authorizer) answeredBefore(ctx context.Context, again oauth.Grant) (oauth.Grant, error) {
	first, err := a.o.Grants.Get(ctx, again.Ref)
	if err != nil && !errors.Is(err, store.Absent) {
		return oauth.Grant{}, oauth.Unavailable(err)
	}
	same := err == nil && first.Client == again.Client && first.User == again.User && first.Scope.String() == again.Scope.String()
	if !same || first.Serial != 0 || !again.Born.Before(first.Expires) {
		return oauth.Grant{}, oauth.Refuse(oauth.AlreadyAnswered, "this request was answered already", nil)
	}
	first.Expires = first.Born.Add(again.Expires.Sub(again.Born))
	return first, nil
}

// stillAllowed closes a race with the end of a session or the withdrawal of a consent, which revoke the grants that
// exist at that moment. A grant that was created meanwhile either is among them, or is killed here.
func (a *Authorizer) stillAllowed(ctx context.Context, c Continuation, s oauth.Session, ref oauth.GrantRef) error {
	var alive bool
	var state store.ConsentState
	var both errgroup.Group // sent in one pipeline
	both.Go(func() (err error) {
		alive, err = a.o.Sessions.Alive(ctx, s.Ref)
		return err
	})
	both.Go(func() (err error) {
		state, err = a.o.Consents.Of(ctx, s.User, c.Client.ID)
		return err
	})
	err := both.Wait()
	// The counter includes withdrawals from other clients. A consent that still stands was not withdrawn.
	withdrawn := state.Withdrawals != c.withdrawals && !givenTo(c.Client, state.Consent)
	allowed := err == nil && !withdrawn && c.agreed(s.User, state.Consent)
	if alive && allowed {
		return nil
	}
	if err = errors.Join(err, a.o.Grants.Kill(ctx, ref)); err != nil {
		return oauth.Unavailable(err)
	}
	if !alive {
		return oauth.Refuse(oauth.AccessDenied, "the session has ended", nil)
	}
	return oauth.Refuse(oauth.AccessDenied, "the user withdrew the access", nil)
}
