package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Users holds the built-in directory, auth:user:<id>.
type Users interface {
	// Get reads a user; Absent when they are not there.
	Get(ctx context.Context, id oauth.UserID) (oauth.User, error)

	// Find reads the user with a sign-in name, whatever its case; Absent when there is none.
	Find(ctx context.Context, name string) (oauth.User, error)

	// Put stores u when the stored revision is u.Revision (0: a new user) and answers the new
	// revision; else Conflict, also when another user has the name. Two concurrent callers cannot
	// both take a name. A name does not change. Durable.
	Put(ctx context.Context, u oauth.User) (uint64, error)

	// Rename stores u, whose name is a new one, when the stored revision is u.Revision and the new name is
	// free or theirs, frees the old name, and answers the new revision; else Conflict, and nothing changed.
	// Two concurrent callers cannot both take a name. Durable.
	Rename(ctx context.Context, u oauth.User, old string) (uint64, error)

	// Delete removes a user and frees the name; Absent when they were not there. Durable.
	Delete(ctx context.Context, id oauth.UserID) error

	// List pages through the ids in their order: those after the cursor, at most limit.
	List(ctx context.Context, after oauth.UserID, limit int) ([]oauth.UserID, error)
}

// Sessions holds the browser sessions, auth:session:<ref>, and each user's list of them,
// auth:user_sessions:<user>.
type Sessions interface {
	// Start stores a session until s.Expires and answers the ones that had to end for it: a user
	// has at most limit, and the one unused for longest goes first. Any number of concurrent
	// callers leave at most limit sessions. The session gets the user's revocation of this moment as its
	// Generation, which is answered. Durable.
	Start(ctx context.Context, s oauth.Session, limit int) (oauth.Generation, []oauth.SessionRef, error)

	// Find reads a session, and in the same round trip the user's revocation, which becomes its Latest;
	// Absent when it is not there, past its expiry at now, or ended by the revocation.
	Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error)

	// Touch records that a session was used and moves its expiry; one that is not there stays
	// away. Expendable.
	Touch(ctx context.Context, s oauth.Session) error

	// End deletes sessions of a user. One that is not there is no error. Durable.
	End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error

	// OfUser lists a user's live sessions, last used first.
	OfUser(ctx context.Context, user oauth.UserID, now time.Time) ([]oauth.Session, error)
}

// Consents holds what users allowed for good, auth:consent:<user>, one field a client.
type Consents interface {
	// Give adds c.Scope to what the user allowed the same client at or after since, and returns what stands
	// now; an older consent is replaced. It is one step: of two concurrent callers neither loses a scope.
	// Durable.
	Give(ctx context.Context, user oauth.UserID, c oauth.Consent, since time.Time) (oauth.Consent, error)

	// Of reads what the user allowed one client, and how often they withdrew anything. The two are of one
	// moment: a caller that made something by a consent, and finds the number as it was before, knows that
	// no withdrawal came between.
	Of(ctx context.Context, user oauth.UserID, client oauth.ClientID) (ConsentState, error)

	// Given lists a user's consents, by client id.
	Given(ctx context.Context, user oauth.UserID) ([]oauth.Consent, error)

	// Withdraw removes a consent and counts the withdrawal, in one step; a consent that is not there is
	// counted all the same, since clients that never ask have grants too. The number is kept as long as
	// there is a consent, and for WithdrawalKeep after the last one. Durable.
	Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error
}

// WithdrawalKeep is how long the number of withdrawals outlives the last consent: longer than it takes to
// issue a code.
const WithdrawalKeep = time.Hour

// ConsentState is what a user allowed a client. The zero Consent means nothing.
type ConsentState struct {
	Consent     oauth.Consent
	Withdrawals uint64 // of this user, whatever the client
}
