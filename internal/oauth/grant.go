package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"time"
)

// GrantID is the secret name of a grant. It stands inside the grant's credentials and nowhere
// else: what is stored, logged or put into an access token is its GrantRef.
type GrantID [16]byte

// String hides the id from fmt.
func (GrantID) String() string { return "grant(…)" }

// LogValue hides the id from slog.
func (GrantID) LogValue() slog.Value { return slog.StringValue("grant(…)") }

// Ref is the public name of the grant, a digest of its id.
func (id GrantID) Ref() GrantRef { return GrantRef(DigestOf(string(id[:])).Key()) }

// GrantRef is the public name of a grant: 26 characters from which no credential can be made.
type GrantRef string

// ClientID, UserID and SessionRef look alike and are not.
type (
	// ClientID names a client; it is never a UUID, so that callers can tell it from a user.
	ClientID string
	// UserID names a person; it is always a UUID.
	UserID string
	// SessionRef is the public name of a browser session (the sid of OIDC): a digest of the
	// cookie's value, from which the cookie cannot be made.
	SessionRef string
)

// Grant is what a user allowed a client to do. It is one record with one live serial: the
// authorization code is serial 0 of its chain, the refresh tokens are serials 1, 2, 3 …
type Grant struct {
	Ref      GrantRef
	Client   ClientID
	User     UserID
	Username string     // the user's name at login, so that an introspection need not look it up
	Session  SessionRef // the browser session it was given in; empty when there was none
	Scope    Scopes     // the ceiling: refreshes narrow, never widen
	Audience []string   // the resources it is good for (RFC 8707); the ceiling likewise
	Serial   uint32     // the serial that is live: the next one to be accepted
	Born     time.Time  // when the user allowed it
	Expires  time.Time  // when it ends if it is not used
	End      time.Time  // when it ends whatever happens
	SpentAt  time.Time  // when the live serial's predecessor was spent; zero before the first use
	AuthTime time.Time  // when the user proved who they are
	ACR      string     // how (RFC 9470); empty when not known

	// Of the authorization request; gone after the first refresh.
	RedirectURI string // as sent in the authorization request, empty when it was left out
	Challenge   string // the PKCE S256 challenge; empty when none was sent
	Nonce       string // for the ID token
}

// Kind tells the credentials of a grant apart.
type Kind byte

// The kinds of credential.
const (
	KindCode    Kind = 1
	KindRefresh Kind = 2
)

// KeyID names the server key that sealed a credential.
type KeyID [4]byte

// Credential is a numbered credential of a grant, before or after its seal was checked.
type Credential struct {
	Kind   Kind
	Key    KeyID
	Grant  GrantID
	Serial uint32
}

const (
	credentialBody = 1 + 4 + 16 + 4
	credentialSeal = 20 // bytes of HMAC-SHA256: a guess succeeds with 2^-160 (RFC 6749 §10.10)
	// CredentialLength is the length of every code and refresh token in characters.
	CredentialLength = (credentialBody + credentialSeal) / 3 * 4
)

// Seal makes the bearer secret: base64url(kind | key id | grant id | serial | HMAC(key, all before)).
func (c Credential) Seal(key []byte) Token {
	raw := c.body()
	raw = append(raw, c.mac(key)...)
	return Token(base64.RawURLEncoding.EncodeToString(raw))
}

func (c Credential) body() []byte {
	raw := make([]byte, 0, credentialBody+credentialSeal)
	raw = append(raw, byte(c.Kind))
	raw = append(raw, c.Key[:]...)
	raw = append(raw, c.Grant[:]...)
	return binary.BigEndian.AppendUint32(raw, c.Serial)
}

func (c Credential) mac(key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("oauth2d credential v1"))
	h.Write(c.body())
	return h.Sum(nil)[:credentialSeal]
}

// OpenCredential reads a presented code or refresh token and checks its seal, so that a forged or
// guessed one is refused before anybody is asked. keyOf gives the server key with an id, or nil.
// The answer is false for everything that this server did not issue.
func OpenCredential(t Token, want Kind, keyOf func(KeyID) []byte) (Credential, bool) {
	if len(t) != CredentialLength {
		return Credential{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(t))
	if err != nil || Kind(raw[0]) != want {
		return Credential{}, false
	}
	c := Credential{Kind: want, Serial: binary.BigEndian.Uint32(raw[21:credentialBody])}
	copy(c.Key[:], raw[1:5])
	copy(c.Grant[:], raw[5:21])
	key := keyOf(c.Key)
	if key == nil || !hmac.Equal(c.mac(key), raw[credentialBody:]) {
		return Credential{}, false
	}
	return c, true
}

// Verdict is what became of a presented credential.
type Verdict string

// The five verdicts of Grants.Advance.
const (
	// Advanced: the credential was live and is now spent; its successor is live.
	Advanced Verdict = "advanced"
	// Retried: the same presenter showed the same credential again inside the grace and gets the
	// same successor.
	Retried Verdict = "retried"
	// Reused: the credential was truly issued and is older than the live one. The grant is dead.
	Reused Verdict = "reused"
	// Expired: the grant is past its idle or absolute end.
	Expired Verdict = "expired"
	// Unknown: no such grant, or not this client's. Absence means denied.
	Unknown Verdict = "unknown"
)
