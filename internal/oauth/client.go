package oauth

import (
	"slices"
	"time"
)

// AuthMethod is the way a client authenticates (RFC 7591 §2, token_endpoint_auth_method).
type AuthMethod string

// The client authentication methods that are served.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	AuthNone  AuthMethod = "none" // a public client
)

// The grant types that are served.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantClientCredentials = "client_credentials"
	GrantRefreshToken      = "refresh_token"
)

// ApplicationType is the kind of place where a client runs (OIDC Registration §2). Only a native client may use any port
// of a loopback redirect.
type ApplicationType string

// The application types.
const (
	AppWeb    ApplicationType = "web"
	AppNative ApplicationType = "native"
)

// Rotation is the policy for refresh tokens when they are used.
type Rotation string

// The rotation policies. Public clients always rotate (OAuth 2.1 §4.3.1); confidential ones do by default.
const (
	RotateDefault Rotation = ""
	RotateAlways  Rotation = "always"
	RotateNever   Rotation = "never" // confidential clients only
)

// Introspection is the right of a client to introspect tokens.
type Introspection string

// The introspection rights.
const (
	// IntrospectOwn: tokens it was issued, and tokens it is an audience of.
	IntrospectOwn Introspection = ""
	// IntrospectAny: every token; for the resource servers of one trust domain.
	IntrospectAny Introspection = "any"
)

// Client is a registered client.
type Client struct {
	ID             ClientID
	Name           string // for people, at most MaxClientName characters
	Disabled       bool
	Method         AuthMethod
	Secrets        []Secret
	Type           ApplicationType
	RedirectURIs   []string
	PostLogoutURIs []string
	GrantTypes     []string
	Scopes         Scopes   // what it may ask for
	DefaultScopes  Scopes   // what it gets when it asks for nothing; empty means Scopes
	Audience       []string // the default aud of its tokens; empty means the server's default
	Resources      []string // the resources it may name (RFC 8707); empty means every registered one
	Format         TokenFormat
	Algorithm      string // of its JWTs; empty means the server's default
	Rotation       Rotation
	Introspection  Introspection
	SkipConsent    bool // a confidential first-party client whose users need not be asked, but for admin scopes
	SignOutEndsAll bool // a sign-out also ends grants with offline_access, which survive it otherwise
	Lifetimes      Lifetimes
	Claims         map[string]string // static claims added to introspection answers and JWTs
	// RequestsPerMinute replaces the server's limits at each endpoint that limits clients; 0 means the server's
	// limits, -1 means no limit.
	RequestsPerMinute int
	NotBefore         time.Time // grants born earlier are dead
	Created           time.Time
	Updated           time.Time
	Revision          uint64 // counts the changes; the store refuses a change of another revision
}

// MaxClientName is the longest client name, in characters.
const MaxClientName = 100

// SecretScheme is the way a stored client secret is checked.
type SecretScheme string

// The schemes. A generated secret carries at least 256 bits, so a keyed digest is enough; a secret
// that a person chose needs a slow hash.
const (
	SchemeDigest   SecretScheme = "hmac-sha256"
	SchemeArgon2id SecretScheme = "argon2id"
	SchemeBcrypt   SecretScheme = "bcrypt"        // only of secrets that were imported from another server
	SchemePBKDF2   SecretScheme = "pbkdf2-sha256" // likewise
)

// Secret is the stored form of one client secret. Several may be valid at a time, so that the secrets of a rotation
// overlap.
type Secret struct {
	ID      string // public, for lists and deletion
	Scheme  SecretScheme
	Key     string // of SchemeDigest: the id of the server key; else empty
	Hash    string // the digest in base64url, or the hash as its scheme writes it
	Created time.Time
	Expires time.Time // zero means never
}

// ValidAt reports whether the secret has not expired.
func (s Secret) ValidAt(now time.Time) bool { return s.Expires.IsZero() || now.Before(s.Expires) }

// Public reports whether the client does not authenticate, because it cannot keep a secret (RFC 6749 §2.1).
func (c Client) Public() bool { return c.Method == AuthNone }

// MayUse reports whether the client is registered for a grant type.
func (c Client) MayUse(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// Honors reports whether a grant to the client still counts: the client is not disabled, and its tokens
// were not revoked after the grant. It is the one rule of everything that uses, inspects or lists a grant.
func (c Client) Honors(g Grant) bool { return !c.Disabled && !g.Born.Before(c.NotBefore) }

// Default returns the scopes that the client gets when it asks for none (RFC 6749 §3.3).
func (c Client) Default() Scopes {
	if len(c.DefaultScopes) > 0 {
		return c.DefaultScopes
	}
	return c.Scopes
}

// Rotates reports whether a refresh replaces the refresh token.
func (c Client) Rotates() bool { return c.Public() || c.Rotation != RotateNever }

// Serves reports whether a token with this audience is meant for the client as a resource server.
func (c Client) Serves(audience []string) bool {
	return slices.Contains(audience, string(c.ID))
}

// Lifetimes are the lifetimes of issued credentials. A zero field means that of the next level: the client's, then the
// server's, then DefaultLifetimes.
type Lifetimes struct {
	Code            time.Duration // at most 10 min (RFC 6749 §4.1.2)
	Access          time.Duration
	RefreshIdle     time.Duration // a refresh token that is not used expires after this
	RefreshAbsolute time.Duration // a grant expires this long after the user's consent, used or not
}

// DefaultLifetimes returns the lifetimes without any setting.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{
		Code:            10 * time.Minute,
		Access:          15 * time.Minute,
		RefreshIdle:     7 * 24 * time.Hour,
		RefreshAbsolute: 90 * 24 * time.Hour,
	}
}

// Or returns l with its zero fields taken from the next level.
func (l Lifetimes) Or(above Lifetimes) Lifetimes {
	fill := func(value *time.Duration, fallback time.Duration) {
		if *value == 0 {
			*value = fallback
		}
	}
	fill(&l.Code, above.Code)
	fill(&l.Access, above.Access)
	fill(&l.RefreshIdle, above.RefreshIdle)
	fill(&l.RefreshAbsolute, above.RefreshAbsolute)
	return l
}
