package token

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options configure Tokens.
type Options struct {
	Access    store.Access
	Grants    store.Grants
	Clients   Clients
	Ring      *keyring.Ring
	Events    event.Sink
	Now       func() time.Time
	Issuer    string
	Audience  string // of a JWT that has no other; empty means the issuer
	Lifetimes oauth.Lifetimes
	Resources oauth.Resources
	Longest   time.Duration // no access token of any client lives longer; what a client's revocation is kept for
}

// Tokens mints, inspects and revokes. It is safe for concurrent use.
type Tokens struct {
	o      Options
	claims jose.Reader[accessClaims]
}

// New makes the room.
func New(o Options) *Tokens {
	o.Lifetimes = o.Lifetimes.Or(oauth.DefaultLifetimes())
	if o.Audience == "" {
		o.Audience = o.Issuer
	}
	o.Longest = max(o.Longest, o.Lifetimes.Access)
	return &Tokens{o: o, claims: jose.NewReader[accessClaims]()}
}

// Order asks for the tokens of one answer.
type Order struct {
	Client   oauth.Client
	Type     string       // the grant type of the request
	Grant    *oauth.Grant // nil for a token without a user
	Scope    oauth.Scopes
	Audience []string
	Entropy  Entropy
	Issued   time.Time
	Now      time.Time   // when the order was placed, by the clock of Issued; zero means now
	Retried  bool        // an earlier answer went out with the same entropy
	Draft    Draft       // of the opaque token; Mint drafts it when it is zero
	Stored   bool        // the store wrote the record of the draft already
	Refresh  oauth.Token // goes into the answer; empty means none
	Binding  oauth.Binding
	WithID   bool // an ID token goes with it when openid was granted
}

// Set is a token response.
type Set struct {
	Access    oauth.Token
	Format    oauth.TokenFormat
	ExpiresIn time.Duration
	Refresh   oauth.Token
	Scope     oauth.Scopes
	IDToken   string
}

// Mint makes the tokens. It writes to the store only for an opaque token whose record is not
// there as ordered. A retry gets the token of the earlier answer again, unless that one was revoked or
// is over: then it gets another one, and the earlier one stays dead.
func (t *Tokens) Mint(ctx context.Context, o Order) (Set, error) {
	if o.Now.IsZero() {
		o.Now = t.o.Now()
	}
	set := Set{Format: t.o.Resources.Format(o.Client, o.Audience), Refresh: o.Refresh, Scope: o.Scope}
	if set.Format == oauth.FormatOpaque {
		o.Draft = t.drafted(o)
	}
	var err error
	if o.Retried {
		if o, err = t.repeat(ctx, o, set.Format); err != nil {
			return Set{}, err
		}
	}
	access := t.describe(o)
	set.ExpiresIn = access.Expires.Sub(o.Now)
	if set.Format == oauth.FormatJWT {
		set.Access, err = t.sign(ctx, o, access)
	} else {
		set.Access, err = t.keep(ctx, o, access)
	}
	if err != nil {
		return Set{}, err
	}
	if o.WithID && o.Grant != nil && o.Scope.Has(oauth.ScopeOpenID) {
		set.IDToken, err = t.idToken(ctx, o, set.Access)
	}
	return set, err
}

// repeat looks what became of the token that an order was answered with before.
func (t *Tokens) repeat(ctx context.Context, o Order, format oauth.TokenFormat) (Order, error) {
	before := t.describe(o)
	q := store.Query{Digest: oauth.DigestOf(o.Entropy.jti()), Format: format, Grant: before.Grant, Client: store.TagOf(before.Client)}
	if format == oauth.FormatOpaque {
		q.Digest = o.Draft.digest
	}
	s, err := t.o.Access.Look(ctx, q)
	if err != nil {
		return Order{}, oauth.Unavailable(err)
	}
	if s.Revoked || !o.Now.Before(before.Expires) {
		return o.anew(), nil
	}
	o.Stored = s.Found && slices.Equal(s.Access.Scope, o.Scope) && slices.Equal(s.Access.Audience, o.Audience)
	return o, nil
}

// anew is the order for a token that nobody had before.
func (o Order) anew() Order {
	o.Entropy, o.Issued, o.Stored, o.Draft = RandomEntropy(), o.Now, false, Draft{}
	return o
}

func (t *Tokens) describe(o Order) oauth.Access {
	a := oauth.Access{
		Client:    o.Client.ID,
		Subject:   string(o.Client.ID),
		Scope:     o.Scope,
		Audience:  o.Audience,
		GrantType: o.Type,
		Binding:   o.Binding,
		Issued:    o.Issued,
		Expires:   o.Issued.Add(t.Life(o.Client)),
	}
	if g := o.Grant; g != nil {
		a.Subject, a.Username, a.GrantType = string(g.User), g.Username, g.Type
		a.Grant, a.Session, a.AuthTime, a.ACR, a.AMR = g.Ref, g.Session, g.AuthTime, g.ACR, g.AMR
		if g.End.Before(a.Expires) {
			a.Expires = g.End
		}
	}
	return a
}

// Life returns the lifetime of a client's access tokens.
func (t *Tokens) Life(c oauth.Client) time.Duration { return c.Lifetimes.Or(t.o.Lifetimes).Access }

// Lifetimes are a client's, filled from the server's.
func (t *Tokens) Lifetimes(c oauth.Client) oauth.Lifetimes { return c.Lifetimes.Or(t.o.Lifetimes) }

// Draft is an opaque access token before its record is stored. Record describes it to a store verb that reads
// its grant and writes it in one step; nil when there is no such verb, or when the token is a JWT whatever the
// grant's audience is.
type Draft struct {
	Record *store.NewAccess
	text   oauth.Token
	digest oauth.Digest
}

// Draft drafts the access token of a grant. A nil scope or audience is the grant's.
func (t *Tokens) Draft(c oauth.Client, grant oauth.GrantRef, e Entropy, record store.NewAccess) Draft {
	format, formats := t.o.Resources.Format(c, record.Audience), t.o.Resources.Formats()
	if format == oauth.FormatJWT && (record.Audience != nil || len(formats) == 0) {
		return Draft{}
	}
	d := t.draft(c.ID, grant, e)
	record.Digest, record.Life, record.Format, record.Formats = d.digest, t.Life(c), format, formats
	d.Record = &record
	return d
}

func (t *Tokens) draft(client oauth.ClientID, grant oauth.GrantRef, e Entropy) Draft {
	text := opaque(e, grant, client)
	return Draft{text: text, digest: text.DigestAt(t.o.Issuer)}
}

// drafted returns the draft of an order, and makes it when the order has none.
func (t *Tokens) drafted(o Order) Draft {
	if o.Draft.text != "" {
		return o.Draft
	}
	var grant oauth.GrantRef
	if o.Grant != nil {
		grant = o.Grant.Ref
	}
	return t.draft(o.Client.ID, grant, o.Entropy)
}

// covers reports whether the record of the draft is that of an order.
func (d Draft) covers(o Order) bool {
	if d.Record == nil || o.Grant == nil {
		return false
	}
	scope, audience := d.Record.Scope, d.Record.Audience
	if scope == nil {
		scope = o.Grant.Scope
	}
	if audience == nil {
		audience = o.Grant.Audience
	}
	return slices.Equal(o.Scope, scope) && slices.Equal(o.Audience, audience)
}

// keep makes sure that the record of an opaque token is in the store.
func (t *Tokens) keep(ctx context.Context, o Order, a oauth.Access) (oauth.Token, error) {
	draft := t.drafted(o) // o has none when repeat wants another token
	if o.Stored && (o.Retried || draft.covers(o)) {
		return draft.text, nil
	}
	a.Digest = draft.digest
	err := t.o.Access.Put(ctx, a, o.Now)
	if errors.Is(err, store.Conflict) { // it was revoked since repeat looked
		o = o.anew()
		return t.keep(ctx, o, t.describe(o))
	}
	if err != nil {
		return "", oauth.Unavailable(err)
	}
	return draft.text, nil
}

// RandomEntropy is for a token that no retry will ask for again.
func RandomEntropy() Entropy {
	return Entropy(secret.Random(EntropyBytes))
}

// DerivedEntropy returns the same entropy for the same parts under the same server key, and nobody
// without the key can compute it.
func DerivedEntropy(key oauth.MACKey, parts ...string) Entropy {
	sum := secret.MAC(key, append([]string{"access token"}, parts...)...)
	return Entropy(sum[:EntropyBytes])
}

// atHash binds an ID token to the access token it came with, by the hash of the algorithm that signs
// the ID token (OIDC Core §3.1.3.6).
func atHash(signedBy jose.Algorithm, t oauth.Token) string {
	h := signedBy.Hash()
	_, _ = h.Write([]byte(t.Reveal())) // a hash never fails
	sum := h.Sum(nil)
	return text64.EncodeToString(sum[:len(sum)/2])
}
