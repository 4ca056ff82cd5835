package granttype

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Chain serves the grant types that present a numbered credential: a grant's code and its
// refresh tokens are one chain, and only Chain presents them to the store.
type Chain struct {
	Grants store.Grants
	Ring   *keyring.Ring
	Tokens *token.Tokens
	Events event.Sink
	Now    func() time.Time
}

// showing is one presentation of a credential and the policy it is shown under.
type showing struct {
	client    oauth.Client
	shown     oauth.Credential
	presenter []string // by what the same presenter is known again, besides the client
	asked     []string // what the answer depends on, besides the grant
	grace     time.Duration
	rotate    bool
	keep      time.Duration
	binding   oauth.Binding   // the key that the client proved to have
	record    store.NewAccess // what the request asks for; zero for all that was granted
}

// advance presents a credential to the store and turns the verdict into an order or a refusal.
func (c *Chain) advance(ctx context.Context, s showing) (token.Order, error) {
	ref := s.shown.Grant.Ref()
	entropy := c.entropy(s)
	s.record.Binding = s.binding
	draft := c.Tokens.Draft(s.client, ref, entropy, s.record)
	out, err := c.Grants.Advance(ctx, store.Presentation{
		Grant:     ref,
		Client:    s.client.ID,
		Serial:    s.shown.Serial,
		Binding:   s.binding,
		Presenter: presenter(s),
		Now:       c.Now().Truncate(time.Millisecond), // as the store keeps it
		Grace:     s.grace,
		Rotate:    s.rotate,
		Keep:      s.keep,
		Access:    draft.Record,
		Scope:     s.client.Scopes,
		Audience:  c.Tokens.Audiences(s.client),
	})
	if err != nil {
		return token.Order{}, oauth.Unavailable(err)
	}
	c.report(ctx, s, ref, out.Verdict)
	if out.Verdict != oauth.Advanced && out.Verdict != oauth.Retried {
		return token.Order{}, c.refusal(s, out.Verdict)
	}
	switch {
	case !s.client.Honors(out.Grant):
		return token.Order{}, c.burn(ctx, ref, invalidGrant("the tokens of this client were revoked"))
	case !s.client.MayUse(out.Grant.Type):
		return token.Order{}, c.burn(ctx, ref, invalidGrant("this client may no longer use the grant type that the grant came of"))
	}
	order := token.Order{
		Client:  s.client,
		Grant:   &out.Grant,
		Entropy: entropy,
		Issued:  timeOfIssue(out),
		Now:     out.At,
		Draft:   draft,
		Stored:  out.Verdict == oauth.Advanced && draft.Record != nil,
		Retried: out.Verdict == oauth.Retried,
		Refresh: c.successor(s, out.Grant),
	}
	return c.Tokens.Permit(order, out.Grant.Scope, out.Grant.Audience)
}

// timeOfIssue is that of the tokens of an answer: a retry repeats the time of the advance
// that it repeats. Of a refresh token that is not rotated every use is an issue of its own; its
// grant's SpentAt is the time of the code's redemption.
func timeOfIssue(out store.Outcome) time.Time {
	if out.Verdict == oauth.Retried {
		return out.Grant.SpentAt
	}
	return out.At
}

// entropy is derived from the showing where a retry must get the same token again. A refresh token
// that is not rotated may be shown any number of times, each for a token of its own.
func (c *Chain) entropy(s showing) token.Entropy {
	if !s.rotate {
		return token.RandomEntropy()
	}
	parts := []string{string(s.shown.Grant[:]), strconv.FormatUint(uint64(s.shown.Serial), 10)}
	return token.DerivedEntropy(c.Ring.KeyOf(s.shown.Key), append(parts, s.asked...)...)
}

// presenter returns the digest that distinguishes a retry from a replay.
func presenter(s showing) oauth.Digest {
	text := string(s.client.ID)
	for _, part := range s.presenter {
		text += "\x00" + part
	}
	return oauth.DigestOf(text)
}

// successor is the credential that is live now. It is recomputed, never stored; a retry gets the
// same one because it has the same serial.
func (c *Chain) successor(s showing, g oauth.Grant) oauth.Token {
	if !s.client.MayUse(oauth.GrantRefreshToken) {
		return ""
	}
	id, key := c.Ring.SealingKey()
	return oauth.Credential{Kind: oauth.KindRefresh, Key: id, Grant: s.shown.Grant, Serial: g.Serial}.Seal(key)
}

func (c *Chain) report(ctx context.Context, s showing, grant oauth.GrantRef, v oauth.Verdict) {
	client, kind := s.client.ID, event.CredentialRefreshToken
	if s.shown.Kind == oauth.KindCode {
		kind = event.CredentialCode
	}
	c.Events.Emit(ctx, event.CredentialPresented{Client: client, Grant: grant, Kind: kind, Verdict: v})
	switch {
	case v != oauth.Reused:
	case s.shown.Kind == oauth.KindCode:
		c.Events.Emit(ctx, event.CodeReplayed{Client: client, Grant: grant})
	default:
		c.Events.Emit(ctx, event.RefreshReused{Client: client, Grant: grant})
	}
}

// burn ends a grant whose credential was shown by somebody who should not have it.
func (c *Chain) burn(ctx context.Context, ref oauth.GrantRef, why error) error {
	if err := c.Grants.Kill(ctx, ref); err != nil {
		return oauth.Unavailable(err)
	}
	return why
}

// refusal returns the refusal of a credential that this server sealed. Its presenter is the client that
// it was issued to, or proved that it holds the code's verifier, and may read the reason.
func (c *Chain) refusal(s showing, v oauth.Verdict) error {
	name := nameOf(s.shown.Kind)
	switch v {
	case oauth.Reused:
		if s.shown.Kind == oauth.KindCode {
			return invalidGrant("the authorization code was used before; every token that came of it is revoked")
		}
		return invalidGrant("the refresh token was used before and has been replaced; the grant is revoked")
	case oauth.Expired:
		return invalidGrant("the " + name + " has expired")
	case oauth.Ended:
		return invalidGrant("the " + name + " was revoked")
	case oauth.Unbound:
		return invalidGrant("the " + name + " is bound to another key")
	case oauth.NoScope:
		return oauth.Refuse(oauth.InvalidScope, "this client is no longer allowed any of the granted scopes", nil)
	case oauth.NoAudience:
		return oauth.Refuse(oauth.InvalidTarget, "this client is no longer allowed any of the granted resources", nil)
	case oauth.Foreign:
		// To another client it is as good as one that never was.
		return oauth.Refuse(oauth.InvalidGrant, "the "+name+" is not valid", errors.New("it was issued to another client"))
	default: // Unknown; the others are no refusals
	}
	if s.shown.Kind == oauth.KindCode && s.shown.Code.EndedAt(c.Now()) {
		return invalidGrant("the authorization code has expired")
	}
	return invalidGrant("the " + name + " has expired or was revoked")
}

// notIssued refuses what this server did not seal, or sealed with a key that is gone.
func notIssued(kind oauth.Kind) error {
	return oauth.Refuse(oauth.InvalidGrant, "the "+nameOf(kind)+" is not valid", errors.New("it was not issued by this server"))
}

func nameOf(kind oauth.Kind) string {
	if kind == oauth.KindCode {
		return "authorization code"
	}
	return "refresh token"
}

func invalidGrant(why string) error { return oauth.Refuse(oauth.InvalidGrant, why, nil) }
