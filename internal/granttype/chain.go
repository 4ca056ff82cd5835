package granttype

import (
	"context"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// Chain is what the grant types that show a numbered credential share: a grant's code and its
// refresh tokens are one chain, and this is the one place where a showing is put to the store.
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
}

// advance puts a showing to the store and turns the verdict into an order or a refusal.
func (c *Chain) advance(ctx context.Context, s showing) (token.Order, error) {
	now := c.Now().Truncate(time.Millisecond) // as the store keeps it
	ref := s.shown.Grant.Ref()
	entropy := c.entropy(s)
	planned := c.Tokens.Plan(s.client, ref, entropy)
	verdict, grant, err := c.Grants.Advance(ctx, store.Presentation{
		Grant:     ref,
		Client:    s.client.ID,
		Serial:    s.shown.Serial,
		Presenter: presenter(s),
		Now:       now,
		Grace:     s.grace,
		Rotate:    s.rotate,
		Keep:      s.keep,
		Access:    planned,
	})
	if err != nil {
		return token.Order{}, oauth.Unavailable(err)
	}
	c.tell(ctx, s, verdict)
	if verdict != oauth.Advanced && verdict != oauth.Retried {
		return token.Order{}, notValid(s.shown.Kind)
	}
	if grant.Born.Before(s.client.NotBefore) {
		return token.Order{}, c.burn(ctx, ref, notValid(s.shown.Kind))
	}
	return token.Order{
		Client:   s.client,
		Grant:    &grant,
		Scope:    grant.Scope,
		Audience: grant.Audience,
		Entropy:  entropy,
		Issued:   grant.SpentAt,
		Stored:   verdict == oauth.Advanced && planned != nil,
		Refresh:  c.successor(s, grant),
	}, nil
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

// presenter is the digest by which a retry is told from a replay.
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

func (c *Chain) tell(ctx context.Context, s showing, v oauth.Verdict) {
	client, grant, kind := string(s.client.ID), string(s.shown.Grant.Ref()), "refresh_token"
	if s.shown.Kind == oauth.KindCode {
		kind = "code"
	}
	c.Events.Emit(ctx, event.CredentialShown{Client: client, Grant: grant, Kind: kind, Verdict: string(v)})
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

// notValid says the same for every reason, so that nobody learns which credentials exist.
func notValid(kind oauth.Kind) error {
	if kind == oauth.KindCode {
		return oauth.Refuse(oauth.InvalidGrant, "the authorization code is not valid", nil)
	}
	return oauth.Refuse(oauth.InvalidGrant, "the refresh token is not valid", nil)
}
