package authorize

import (
	"context"
	"errors"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Answer is a successful authorization answer.
type Answer struct {
	Return oauth.Return
	Code   oauth.Token
}

// Issue makes the grant and answers with its code. It is called for a request that is Ready, in
// the session that was looked at.
func (a *Authorizer) Issue(ctx context.Context, p Pending, session oauth.Session) (Answer, error) {
	id := oauth.GrantID(secret.Random(len(oauth.GrantID{})))
	now := a.o.Now().Truncate(time.Millisecond)
	lifetimes := p.Client.Lifetimes.Or(a.o.Lifetimes)
	grant := oauth.Grant{
		Ref:         id.Ref(),
		Client:      p.Client.ID,
		User:        session.User,
		Username:    session.Username,
		Session:     session.Ref,
		Scope:       p.Scope,
		Audience:    p.Audience,
		Born:        now,
		Expires:     now.Add(lifetimes.Code),
		End:         now.Add(lifetimes.RefreshAbsolute),
		AuthTime:    session.AuthTime,
		ACR:         session.ACR,
		RedirectURI: p.Return.URI,
		Nonce:       p.nonce,
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	if err := a.o.Grants.Create(ctx, grant); err != nil {
		return Answer{}, oauth.Unavailable(err).To(p.Return)
	}
	if err := a.stillSignedIn(ctx, session, grant.Ref); err != nil {
		return Answer{}, oauth.AsError(err).To(p.Return)
	}
	keyID, key := a.o.Ring.SealingKey()
	code := oauth.Credential{
		Kind: oauth.KindCode, Key: keyID, Grant: id, Code: oauth.CodeOf(grant.Expires, p.challenge, p.Return.URI),
	}.Seal(key)
	return Answer{Return: p.Return, Code: code}, nil
}

// stillSignedIn closes a race: who ends a session ends the grants they can see. A grant that was
// being made meanwhile is either seen there, or sees here that its session is gone.
func (a *Authorizer) stillSignedIn(ctx context.Context, s oauth.Session, ref oauth.GrantRef) error {
	alive, err := a.o.Sessions.Alive(ctx, s.Ref)
	if alive && err == nil {
		return nil
	}
	if err = errors.Join(err, a.o.Grants.Kill(ctx, ref)); err != nil {
		return oauth.Unavailable(err)
	}
	return oauth.Refuse(oauth.AccessDenied, "the session has ended", nil)
}
