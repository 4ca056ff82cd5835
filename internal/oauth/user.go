package oauth

import (
	"strings"
	"time"
)

// User is a person of the built-in directory.
type User struct {
	ID            UserID
	Name          string // what they type to sign in; unique without regard to case
	Email         string
	EmailVerified bool
	DisplayName   string
	Disabled      bool
	MustChange    bool // has to choose another password at the next sign-in
	Created       time.Time
	Updated       time.Time
	Revision      uint64 // counts the changes of the user and of the credentials; the store refuses a change of another revision
}

// Credentials are the secrets by which a user proves their identity. They are stored apart from the user, so that what reads a
// profile never reads a secret.
type Credentials struct {
	PasswordHash string // argon2id in PHC form, or a scheme that was imported; empty when there is no password
}

// Account is a user with their credentials: what a sign-in checks.
type Account struct {
	User        User
	Credentials Credentials
}

// Limits on what a person may type.
const (
	MaxUsername     = 128  // bytes
	MaxPassword     = 1024 // bytes; refused before any hashing
	LeastPassword   = 8    // characters of a password that is set: no setting allows fewer
	MinPassword     = 15   // characters of a password that is set, by default
	MaxSessionsUser = 5    // by default
)

// Proof describes the sign-in of a user.
type Proof struct {
	ACR string   // how strongly (RFC 9470)
	AMR []string // by which methods (RFC 8176), in the order of their use
}

// ACRPassword is the authentication context of a sign-in with a password and nothing else.
const ACRPassword = "urn:oauth2d:password" //nolint:gosec // a name, not a secret

// AMRPassword is the method of a sign-in with a password (RFC 8176 §2).
const AMRPassword = "pwd"

// Session is a browser in which a person signed in.
type Session struct {
	Ref      SessionRef
	User     UserID
	Username string
	AuthTime time.Time
	ACR      string   // how strongly the user proved who they are (RFC 9470)
	AMR      []string // by which methods (RFC 8176), in the order of their use
	Device   string   // of the User-Agent, shortened
	IP       string
	Started  time.Time
	Seen     time.Time // exact to a minute
	Expires  time.Time // slides with use, up to End
	End      time.Time // when it ends whatever happens; zero means never
	Root     RootTag   // the browser, across re-authentications

	Generation Generation // the user's revocation when the session began: a later one ends it
	Latest     Generation // the user's revocation when the session was read; it is not stored
}

// Limits on what one browser and one client may pile up.
const (
	MaxGrantsOfClient = 200 // live grants of one user to one client; the oldest ends
	MaxCodesOfBrowser = 10  // codes of one browser and client that wait to be redeemed; the oldest ends
)

// Consent is the permission of a user that a client keeps until it is withdrawn.
type Consent struct {
	Client ClientID
	Scope  Scopes
	Given  time.Time
}

// FoldName makes sign-in names alike that differ in case only. Lower of upper, because a few letters
// have an upper case of their own that the other direction does not reach.
func FoldName(name string) string { return strings.ToLower(strings.ToUpper(name)) }
