package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Grants holds what users allowed clients to do. A grant is one record, auth:grant:<ref>.
type Grants interface {
	// Create stores a new grant with its live serial, to be gone at g.Expires, and names it in its
	// user's index first, so that an index is never behind. It cannot meet another caller: the id
	// is random. Durable.
	Create(ctx context.Context, g oauth.Grant) error

	// Advance spends the credential with serial p.Serial. Of any number of concurrent callers
	// exactly one is told Advanced; a caller that presents the same thing again inside the grace is
	// told Retried and gets the same successor; all others are told why not. Told Reused, the grant
	// is gone. The grant is the one after the change, with the code's RedirectURI, Challenge and
	// Nonce still in it; it is zero for Expired and Unknown. With p.Access the access token's
	// record is written in the same step as Advanced, copied from the grant. Durable.
	Advance(ctx context.Context, p Presentation) (oauth.Verdict, oauth.Grant, error)

	// Get reads a grant; Absent when it is not there. No credential is spent.
	Get(ctx context.Context, ref oauth.GrantRef) (oauth.Grant, error)

	// OfUser lists the live grants of a user, newest first.
	OfUser(ctx context.Context, user oauth.UserID) ([]oauth.Grant, error)

	// Kill deletes grants, and with them every credential and access token of theirs. One that is
	// not there is no error. Durable.
	Kill(ctx context.Context, refs ...oauth.GrantRef) error
}

// Presentation is one showing of a numbered credential.
type Presentation struct {
	Grant     oauth.GrantRef
	Client    oauth.ClientID // must be the grant's; else Unknown, and a live code is burned
	Serial    uint32
	Presenter oauth.Digest // of everything by which the same presenter is known again
	Now       time.Time
	Grace     time.Duration // how long after the spending a retry is honoured; 0 is never
	Rotate    bool          // false keeps a refresh token's serial; a code is always spent
	Keep      time.Duration // the grant's new idle life, cut at its End
	Access    *NewAccess    // the opaque access token that goes with it; nil for a JWT
}

// NewAccess names the access token that Advance writes beside the grant.
type NewAccess struct {
	Digest oauth.Digest
	Life   time.Duration // cut at the grant's End
}
