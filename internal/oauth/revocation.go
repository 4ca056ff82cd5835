package oauth

import "encoding/base64"

const (
	userTagBytes = 8
	rootTagBytes = 3
	// UserTagLength is the length of a UserTag in characters.
	UserTagLength = 11
	// RootTagLength is the length of a RootTag in characters.
	RootTagLength = 4
)

// UserTag is the short name of a user inside the references of their grants and sessions, so that the
// user's revocation can be read together with a grant or session. Two users share one by chance only
// (64 bits); then the revocation of one also ends the other's access, and never the reverse.
type UserTag string

// TagOfUser returns the tag of a user.
func TagOfUser(id UserID) UserTag {
	digest := userDigest(id)
	return UserTag(base64.RawURLEncoding.EncodeToString(digest[:userTagBytes]))
}

func userDigest(id UserID) Digest { return DigestOf("user tag " + string(id)) }

// RootTag names a browser that one user signed in with, across all sessions that follow one another
// there: a re-authentication replaces the session and keeps the root.
type RootTag string

// NewRootTag makes a tag of 3 random bytes. It need be unique among the browsers of one user only.
func NewRootTag(random []byte) RootTag {
	return RootTag(base64.RawURLEncoding.EncodeToString(random[:rootTagBytes]))
}

// Generation counts the revocations of one user. It is not a clock: each revocation makes a later one, also
// where the clocks of daemons differ. Zero means that nothing was ever revoked.
type Generation int64

// Revocation holds the generations at which a user's access was ended, one for each scope of an ending.
// What was given in an earlier generation is dead.
type Revocation struct {
	Latest   Generation // of all
	User     Generation // every session and grant
	Grants   Generation // every grant
	Others   Generation // every session and grant but those of the browser Except
	Except   RootTag
	Sessions Generation // every grant that ends with its browser's session
	Root     Generation // the same, of the browser at hand
	Client   Generation // every grant to the client at hand
}

// EndsGrant reports whether a grant is dead. r.Root and r.Client are those of the grant.
func (r Revocation) EndsGrant(g Grant) bool {
	later := max(r.User, r.Grants, r.Client)
	if g.Ref.Root() != r.Except {
		later = max(later, r.Others)
	}
	if !g.Offline {
		later = max(later, r.Sessions, r.Root)
	}
	return g.Generation < later
}

// EndsSession reports whether a session is dead.
func (r Revocation) EndsSession(s Session) bool {
	later := r.User
	if s.Root != r.Except {
		later = max(later, r.Others)
	}
	return s.Generation < later
}

// User is the tag of the user whose session it is.
func (r SessionRef) User() UserTag { return UserTag(r[:min(UserTagLength, len(r))]) }

// sessionSecret is the length of the secret part of a session's cookie in characters: 32 random bytes.
const sessionSecret = 43

// NewSessionCookie makes the value of a session's cookie: the tag of its user, and a secret of 256 bits.
func NewSessionCookie(user UserID, secret string) Token {
	return Token(string(TagOfUser(user)) + secret)
}

// SessionRefOf returns the public name of the session behind a cookie: the tag of its user, and a digest
// of the whole value and the issuer: at another issuer the cookie names no session. Values of any other form get a name that no session has.
func SessionRefOf(cookie Token, issuer string) SessionRef {
	key := cookie.DigestAt(issuer).Key()
	if len(cookie) != UserTagLength+sessionSecret {
		return SessionRef(key)
	}
	return SessionRef(string(cookie[:UserTagLength]) + key[:KeyLength-UserTagLength])
}
