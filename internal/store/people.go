package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Users holds the built-in directory: the users, auth:user:<id>, and beside each of them their credentials,
// auth:credentials:<id>. One revision counts the changes of both.
type Users interface {
	// Get reads a user; Absent when they are not there.
	Get(ctx context.Context, id oauth.UserID) (oauth.User, error)

	// Account reads a user and their credentials in one round trip; Absent when they are not there. Beside a
	// concurrent change the credentials may be of a later revision than the user, never of an earlier one. A caller
	// that acts on both must write with the revision, or read again afterwards.
	Account(ctx context.Context, id oauth.UserID) (oauth.Account, error)

	// Find returns the id of the user with a sign-in name, whatever its case; Absent when there is none.
	Find(ctx context.Context, name string) (oauth.UserID, error)

	// Put stores a user and their credentials in one step when the stored revision is a.User.Revision (0: a new
	// user), and returns the new revision; else Conflict, also when another user has the name. Of any number of
	// concurrent callers with one revision, or with one new name, one succeeds. A name does not change. Durable.
	Put(ctx context.Context, a oauth.Account) (uint64, error)

	// Rename is Put under another name: it frees the old name when the new one is free or the user's own; else it
	// returns Conflict, and nothing has changed. There must be such a user. Durable.
	Rename(ctx context.Context, a oauth.Account, old string) (uint64, error)

	// Delete removes a user with their credentials and frees the name; Absent when they were not there. Of concurrent
	// callers one succeeds, the others get Absent. A concurrent Put either comes first, or gets Conflict. Durable.
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
