package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"time"
)

// GrantID is the secret name of a grant. It stands inside the grant's credentials and nowhere
// else: what is stored, logged or put into an access token is its GrantRef. It begins with the tags
// of the user and of the browser's root, so that all that can end a grant is found from its credential.
type GrantID [userTagBytes + rootTagBytes + GrantEntropy]byte

// GrantEntropy is the number of random bytes of a GrantID.
const GrantEntropy = 13

// NewGrantID makes the id of a grant of a user in a browser; random holds GrantEntropy bytes.
func NewGrantID(user UserID, root RootTag, random []byte) GrantID {
	var id GrantID
	digest := userDigest(user)
	copy(id[:], digest[:userTagBytes])
	if raw, err := base64.RawURLEncoding.DecodeString(string(root)); err == nil && len(raw) == rootTagBytes {
		copy(id[userTagBytes:], raw)
	}
	copy(id[userTagBytes+rootTagBytes:], random)
	return id
}

// String hides the id from fmt.
func (GrantID) String() string { return "grant(…)" }

// LogValue hides the id from slog.
func (GrantID) LogValue() slog.Value { return slog.StringValue("grant(…)") }

// Ref is the public name of the grant: the two tags, and a digest of the whole id.
func (id GrantID) Ref() GrantRef {
	var room [2 * KeyLength]byte // the only allocation is the text: every use of a credential makes one
	text := base64.RawURLEncoding.AppendEncode(room[:0], id[:userTagBytes])
	text = base64.RawURLEncoding.AppendEncode(text, id[userTagBytes:userTagBytes+rootTagBytes])
	digest := sha256.Sum256(id[:])
	text = base64.RawURLEncoding.AppendEncode(text, digest[:sha256.Size/2])
	return GrantRef(text[:KeyLength])
}

// GrantRef is the public name of a grant: 26 characters from which no credential can be made. The first
// 11 are the user's tag, the next 4 the root's.
type GrantRef string

// User is the tag of the user who gave the grant.
func (r GrantRef) User() UserTag { return UserTag(r[:min(UserTagLength, len(r))]) }

// Root is the tag of the browser in which the grant was given.
func (r GrantRef) Root() RootTag {
	return RootTag(r[min(UserTagLength, len(r)):min(UserTagLength+RootTagLength, len(r))])
}

// ClientID, UserID and SessionRef look alike and are not.
type (
	// ClientID names a client; it is never a UUID, so that callers can distinguish it from a user.
	ClientID string
	// UserID names a person; it is always a UUID.
	UserID string
	// SessionRef is the public name of a browser session (the sid of OIDC): a digest of the
	// cookie's value, from which the cookie cannot be made.
	SessionRef string
)

// Grant is a permission that a user gave a client. It is one record with one live serial: the
// authorization code is serial 0 of its chain, the refresh tokens are serials 1, 2, 3 …
type Grant struct {
	Ref      GrantRef
	Type     string // the grant type that created it
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
	ACR      string     // how strongly (RFC 9470); empty when not known
	AMR      []string   // by which methods (RFC 8176); empty when not known
	Binding  Binding    // the key to which its refresh tokens are bound
	Offline  bool       // it survives the sign-out of its browser (OIDC Back-Channel Logout §2.7)

	// Generation is the user's revocation as it was when the session was read in which the grant was
	// given: a later one ends it.
	Generation Generation

	// Of the authorization request; gone after the first refresh.
	RedirectURI string // where the code was sent
	Nonce       string // for the ID token
}

// Verdict is the store's decision about a presented credential.
type Verdict string

// The verdicts of Grants.Advance.
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
	// Ended: the user's revocation is later than the grant. The grant is dead.
	Ended Verdict = "ended"
	// Unknown: there is no such grant, or it has not reached that serial. Absence means denied.
	Unknown Verdict = "unknown"
	// Foreign: the grant is another client's.
	Foreign Verdict = "foreign"
	// Unbound: the grant is bound to a key that the presenter did not prove to have.
	Unbound Verdict = "unbound"
	// NoScope: the client is no longer allowed any of the grant's scopes.
	NoScope Verdict = "no_scope"
	// NoAudience: the client is no longer allowed any of the grant's resources.
	NoAudience Verdict = "no_audience"
)
