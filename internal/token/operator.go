package token

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Known describes a live token to an operator.
type Known struct {
	oauth.Access
	Refresh bool              // a refresh token, whose grant is described
	Format  oauth.TokenFormat // of an access token
	Issuer  string
}

// Examine describes any access or refresh token to an operator; false for what is dead, unknown or
// no token at all. It spends nothing. The error means "could not ask".
func (t *Tokens) Examine(ctx context.Context, text oauth.Token) (Known, bool, error) {
	if credential, ok := oauth.OpenCredential(text, oauth.KindRefresh, t.o.Ring.KeyOf); ok {
		return t.examineRefresh(ctx, credential)
	}
	_, query, _ := t.open(text)
	a, alive, err := t.Inspect(ctx, text)
	if err != nil || !alive {
		return Known{}, false, err
	}
	if a.JTI == "" {
		a.JTI = a.Digest.Key()
	}
	return Known{Access: a, Format: query.Format, Issuer: t.o.Issuer}, true, nil
}

func (t *Tokens) examineRefresh(ctx context.Context, c oauth.Credential) (Known, bool, error) {
	grant, err := t.grantOf(ctx, c)
	if err != nil || grant == nil || grant.Serial != c.Serial || !t.o.Now().Before(grant.Expires) {
		return Known{}, false, err
	}
	access, dead, err := t.present(ctx, accessOf(*grant), oauth.GrantRefreshToken)
	if err != nil || dead != "" {
		return Known{}, false, err
	}
	return Known{Access: access, Refresh: true, Issuer: t.o.Issuer}, true, nil
}

// accessOf describes a grant's live refresh token as if it were an access token.
func accessOf(g oauth.Grant) oauth.Access {
	return oauth.Access{
		JTI: oauth.DigestOf("refresh " + string(g.Ref)).Key(), GrantType: g.Type, Client: g.Client, Subject: string(g.User), Username: g.Username,
		Scope: g.Scope, Audience: g.Audience, Binding: g.Binding, Grant: g.Ref, Session: g.Session, AuthTime: g.AuthTime, ACR: g.ACR, AMR: g.AMR,
		Issued: g.SpentAt, Expires: g.Expires,
	}
}

// RevokeAny ends a token of any client: a code or refresh token takes its grant with it.
// It reports whether something ended by it. by says who wanted it, for the audit log.
func (t *Tokens) RevokeAny(ctx context.Context, by string, text oauth.Token) (bool, error) {
	for _, kind := range []oauth.Kind{oauth.KindRefresh, oauth.KindCode} {
		if credential, ok := oauth.OpenCredential(text, kind, t.o.Ring.KeyOf); ok {
			grant, err := t.grantOf(ctx, credential)
			if err != nil || grant == nil {
				return false, err
			}
			return true, t.RevokeGrant(ctx, by, *grant)
		}
	}
	a, query, found, err := t.find(ctx, text)
	if err != nil || !found {
		return false, err
	}
	_, alive, err := t.Inspect(ctx, text)
	if err != nil {
		return false, err
	}
	ctx, release := commit.Begin(ctx)
	defer release()
	err = couldAsk(t.o.Access.Revoke(ctx, query, a.Expires, t.o.Now()))
	if alive {
		t.tell(ctx, event.TokenRevoked{
			By: event.Actor(by), Client: a.Client, User: userOf(a), Grant: a.Grant, Revoked: event.RevokedToken, GrantType: a.GrantType, Outcome: commit.OutcomeOf(err),
		})
	}
	return alive, err
}
