package token

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// The media types of our JWTs, as their typ header has them.
const (
	typeAccess = "at+jwt" // RFC 9068 §2.1
	typeID     = "JWT"
)

// accessClaims are the claims of RFC 9068 §2.2, and grant, the public reference by which the token
// dies with its grant.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	ClientID string   `json:"client_id"`
	JTI      string   `json:"jti"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Scope    string   `json:"scope"` // always, so that no other member can be taken for it
	Username string   `json:"username,omitempty"`
	// GrantType is that of a token without a user, where it is not client_credentials: the grant holds it for the others.
	GrantType string   `json:"grant_type,omitempty"`
	Grant     string   `json:"grant,omitempty"`
	Session   string   `json:"sid,omitempty"`
	Binding   *binding `json:"cnf,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"` // RFC 9068 §2.2.1
}

// binding is oauth.Binding as the claim cnf.
type binding struct {
	KeyThumbprint         string `json:"jkt,omitempty"`
	CertificateThumbprint string `json:"x5t#S256,omitempty"`
}

// bindingOf returns the claim; nil for a bearer token.
func bindingOf(b oauth.Binding) *binding {
	if !b.Bound() {
		return nil
	}
	return &binding{KeyThumbprint: b.KeyThumbprint, CertificateThumbprint: b.CertificateThumbprint}
}

// bound reads the claim; false when it binds the token to nothing that this server knows.
func (b *binding) bound() (oauth.Binding, bool) {
	if b == nil {
		return oauth.Binding{}, true
	}
	read := oauth.Binding{KeyThumbprint: b.KeyThumbprint, CertificateThumbprint: b.CertificateThumbprint}
	return read, read.Bound()
}

func (t *Tokens) sign(ctx context.Context, o Order, a oauth.Access) (oauth.Token, error) {
	claims := accessClaims{
		Issuer:   t.o.Issuer,
		Subject:  a.Subject,
		Audience: a.Audience,
		ClientID: string(a.Client),
		JTI:      o.Entropy.jti(),
		Issued:   a.Issued.Unix(),
		Expires:  a.Expires.Unix(),
		Scope:    a.Scope.String(),
		Username: a.Username,
		Grant:    string(a.Grant),
		Session:  string(a.Session),
		Binding:  bindingOf(a.Binding),
		AuthTime: unix(a.AuthTime),
		ACR:      a.ACR,
		AMR:      a.AMR,
	}
	if !a.OfUser() && a.GrantType != oauth.GrantClientCredentials {
		claims.GrantType = a.GrantType
	}
	if len(claims.Audience) == 0 {
		claims.Audience = []string{t.o.Audience} // RFC 9068 §2.2: aud is required
		if o.Grant != nil {
			claims.Audience = oauth.WithUserInfo(claims.Audience, a.Scope, t.o.Issuer)
		}
	}
	signed, err := t.o.Ring.Sign(ctx, o.Client.Algorithm, typeAccess, withStatic(claims, o.Client.StaticClaims()))
	if err == nil && len(signed) > oauth.MaxTokenBytes {
		// Nobody could introspect or revoke it. Registration keeps a client below the limit; this is
		// for what was registered before that rule.
		return "", oauth.Refuse(oauth.InvalidRequest, "the access token would be longer than 8192 bytes: ask for fewer scopes or resources", nil)
	}
	return oauth.Token(signed), err
}

// withStatic adds a client's static claims. One of ours is never replaced.
func withStatic(claims accessClaims, static map[string]string) any {
	if len(static) == 0 {
		return claims
	}
	raw, _ := json.Marshal(claims) // strings and numbers always marshal
	merged := make(map[string]any, len(static)+16)
	for name, value := range static {
		merged[name] = value
	}
	var ours map[string]json.RawMessage
	_ = json.Unmarshal(raw, &ours)
	for name, value := range ours {
		merged[name] = value
	}
	return merged
}

// openJWT checks the signature and form of one of our access tokens and answers what it says and
// where to ask whether it was revoked. The lifetime is not checked here.
func (t *Tokens) openJWT(text oauth.Token) (oauth.Access, store.Query, Death) {
	raw, err := t.o.Ring.Verify(text.Reveal(), typeAccess)
	if err != nil {
		return oauth.Access{}, store.Query{}, deadSignature
	}
	c, err := t.claims.Read(raw)
	if err != nil || c.JTI == "" || c.Expires == 0 {
		return oauth.Access{}, store.Query{}, deadForm
	}
	if c.Issuer != t.o.Issuer {
		return oauth.Access{}, store.Query{}, deadIssuer
	}
	scope, err := oauth.ParseScopes(c.Scope)
	if err != nil {
		return oauth.Access{}, store.Query{}, deadForm
	}
	bound, ok := c.Binding.bound()
	if !ok {
		return oauth.Access{}, store.Query{}, deadForm
	}
	a := oauth.Access{
		Binding:  bound,
		Digest:   oauth.DigestOf(c.JTI),
		JTI:      c.JTI,
		Client:   oauth.ClientID(c.ClientID),
		Subject:  c.Subject,
		Username: c.Username,
		Scope:    scope,
		Audience: c.Audience,
		Grant:    oauth.GrantRef(c.Grant),
		Session:  oauth.SessionRef(c.Session),
		AuthTime: fromUnix(c.AuthTime),
		ACR:      c.ACR,
		AMR:      c.AMR,
		Issued:   fromUnix(c.Issued),
		Expires:  fromUnix(c.Expires),
	}
	if !a.OfUser() {
		a.GrantType = cmp.Or(c.GrantType, oauth.GrantClientCredentials)
	}
	return a, store.Query{Digest: a.Digest, Format: oauth.FormatJWT, Grant: a.Grant, Client: store.TagOf(a.Client)}, ""
}

// idClaims are those of OIDC Core §2.
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	AuthTime int64    `json:"auth_time,omitempty"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	Session  string   `json:"sid,omitempty"`
	ATHash   string   `json:"at_hash"`
}

func (t *Tokens) idToken(ctx context.Context, o Order, access oauth.Token) (string, error) {
	return t.o.Ring.Sign(ctx, o.Client.Algorithm, typeID, idClaims{
		Issuer:   t.o.Issuer,
		Subject:  string(o.Grant.User),
		Audience: string(o.Client.ID),
		Expires:  o.Issued.Add(t.Life(o.Client)).Unix(),
		Issued:   o.Issued.Unix(),
		AuthTime: unix(o.Grant.AuthTime),
		Nonce:    o.Grant.Nonce,
		ACR:      o.Grant.ACR,
		AMR:      o.Grant.AMR,
		Session:  string(o.Grant.Session),
		ATHash:   atHash(t.o.Ring.AlgorithmOf(o.Client.Algorithm), access),
	})
}

func unix(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}

func fromUnix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
