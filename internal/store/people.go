package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Users holds the built-in directory: the users, auth:user:<id>, and beside each of them their credentials,
// auth:credentials:<id>. One revision counts the changes of both.
type Users interface {
	// Get reads a user; Absent when there is none.
	Get(ctx context.Context, id oauth.UserID) (oauth.User, error)

	// Account reads a user and their credentials in one round trip; Absent when there is none. Beside a
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

	// List returns the ids after the cursor in their order, at most limit. A user who is added or deleted while pages
	// are read may be missing from them or not; every other one is in one page exactly once.
	List(ctx context.Context, after oauth.UserID, limit int) ([]oauth.UserID, error)
}

// Sessions holds the browser sessions, auth:session:<ref>, and each user's list of them,
// auth:user_sessions:<user>.
type Sessions interface {
	// Start stores a session until s.Expires, and returns its generation and the sessions that it ended: a user has at
	// most limit, and the one unused for longest ends first. Any number of concurrent callers leave at most limit
	// sessions, and each ended session is returned to one of them. The generation is that of the user's revocation at
	// this moment. Durable.
	Start(ctx context.Context, s oauth.Session, limit int) (oauth.Generation, []oauth.SessionRef, error)

	// Find reads a session, and in the same round trip the user's revocation, which becomes its Latest; Absent when
	// there is none, and when it has expired at now or the revocation has ended it.
	Find(ctx context.Context, ref oauth.SessionRef, now time.Time) (oauth.Session, error)

	// Touch records that a session was used and moves its expiry. Of concurrent callers the last one counts. A
	// session that has ended, or that a concurrent End ends, stays ended: Touch does not bring it back and returns no
	// error. Expendable.
	Touch(ctx context.Context, s oauth.Session) error

	// End deletes sessions of a user; it ignores those of another user and those that do not exist. Of concurrent
	// callers each returns without an error when the sessions are gone, whichever of them deleted them. An error may
	// leave some of them: repeat the call. Durable.
	End(ctx context.Context, user oauth.UserID, refs ...oauth.SessionRef) error

	// OfUser returns a user's live sessions, last used first.
	OfUser(ctx context.Context, user oauth.UserID, now time.Time) ([]oauth.Session, error)
}

// Consents holds what users allowed for good, auth:consent:<user>, one field a client.
type Consents interface {
	// Give adds c.Scope to the consent that the user gave the same client at or after since, and returns the sum; it
	// replaces an older consent. It is one step: of concurrent callers none loses a scope. Beside a concurrent
	// Withdraw it comes first and is removed, or comes second and stays. Durable.
	Give(ctx context.Context, user oauth.UserID, c oauth.Consent, since time.Time) (oauth.Consent, error)

	// Of reads the user's consent to one client, and the number of their withdrawals, both of one moment: when the
	// number is the same before and after a caller has issued something by a consent, no withdrawal came between.
	Of(ctx context.Context, user oauth.UserID, client oauth.ClientID) (ConsentState, error)

	// Given returns a user's consents of one moment, in the order of the client ids.
	Given(ctx context.Context, user oauth.UserID) ([]oauth.Consent, error)

	// Withdraw removes a consent and counts the withdrawal, in one step. It also counts when there was no consent,
	// since clients that never ask have grants, too: of concurrent callers every one is counted. The number is kept
	// as long as there is a consent, and for WithdrawalKeep after the last one. Durable.
	Withdraw(ctx context.Context, user oauth.UserID, client oauth.ClientID) error
}

// WithdrawalKeep bounds how long the number of withdrawals outlives the last consent: longer than it takes to issue a
// code.
const WithdrawalKeep = time.Hour

// ConsentState holds what a user allowed a client. The zero Consent allows nothing.
type ConsentState struct {
	Consent     oauth.Consent
	Withdrawals uint64 // of this user, whatever the client
}
