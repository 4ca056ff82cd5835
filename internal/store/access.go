package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Access holds opaque access tokens, auth:access_token:<digest>, and the revocations of those
// tokens that need no record, auth:revoked:*.
type Access interface {
	// Put stores an opaque access token until a.Expires, in place of an earlier record of the same token: of concurrent
	// callers the last one's record stays. A token whose record was revoked stays revoked: Conflict. Durable.
	Put(ctx context.Context, a oauth.Access, now time.Time) error

	// Look reads everything that decides whether a token is alive, in one round trip. The parts are read side by side,
	// not at one instant; each only ever turns from alive to dead, so that a concurrent ending is seen or not.
	Look(ctx context.Context, q Query) (Standing, error)

	// Revoke ends one token at once and for good: an opaque one is marked in its record, a JWT is put on the deny list,
	// both until the token expires. It is idempotent: concurrent callers all succeed. Durable.
	Revoke(ctx context.Context, q Query, expires, now time.Time) error

	// RevokeClient ends every access token of a client that was issued, or whose grant was born,
	// before a time. No such token lives longer than keep. Of concurrent callers the latest time stays. Durable.
	RevokeClient(ctx context.Context, client oauth.ClientID, before time.Time, keep time.Duration) error
}

// Query names a token, its grant and its client.
type Query struct {
	Digest oauth.Digest // of an opaque token, or of a JWT's jti
	Format oauth.TokenFormat
	Grant  oauth.GrantRef // empty for a token without a user
	Client ClientTag
}

// ClientTag is the short name of a client inside an opaque token: 11 characters of its digest.
type ClientTag string

// ClientTagLength is the length of a ClientTag in characters.
const ClientTagLength = 11

// TagOf returns the tag of a client.
func TagOf(id oauth.ClientID) ClientTag {
	return ClientTag(oauth.DigestOf("client tag " + string(id)).Key()[:ClientTagLength])
}

// Standing holds what the store has about a token.
type Standing struct {
	Access       oauth.Access // the record of an opaque token, also of a revoked one; zero for a JWT
	Found        bool         // the record is there and not revoked (opaque only)
	Revoked      bool         // it was revoked by itself
	Grant        oauth.Grant  // zero when there is none
	GrantFound   bool
	ClientBefore time.Time // RevokeClient's time; zero when there was none
}
