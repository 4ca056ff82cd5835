package oauth

import (
	"slices"
	"time"
)

// TokenFormat is the form of an access token.
type TokenFormat string

// The two formats.
const (
	FormatOpaque TokenFormat = "opaque" // a reference; one record each
	FormatJWT    TokenFormat = "jwt"    // RFC 9068; costs no write
)

// Access describes an access token, whatever its format.
type Access struct {
	Digest   Digest   // of an opaque token, or of a JWT's jti: its name in the store
	JTI      string   // of a JWT
	Client   ClientID // who it was issued to
	Subject  string   // the user's id, or the client's for a token without a user
	Username string   // user tokens only
	Scope    Scopes
	Audience []string
	// GrantType is the grant type that the token came of: of a user's token that of its grant, whether the token
	// was refreshed or not.
	GrantType string
	Grant     GrantRef   // empty for a token without a user
	Session   SessionRef // JWT only: an opaque token's session is its grant's
	AuthTime  time.Time  // user tokens only
	ACR       string
	AMR       []string
	Binding   Binding // the key that its bearer must prove to have
	Issued    time.Time
	Expires   time.Time
}

// For reports whether a resource server with one of these names may accept the token (RFC 9068 §4):
// the token names one of them as its audience, or none at all.
func (a Access) For(names ...string) bool {
	return len(a.Audience) == 0 || slices.ContainsFunc(a.Audience, func(one string) bool { return slices.Contains(names, one) })
}

// OfUser reports whether the token has a user.
func (a Access) OfUser() bool { return a.Grant != "" }
