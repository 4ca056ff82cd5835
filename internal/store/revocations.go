package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Revocations holds, for each user whose access was ever ended, the generations of these endings:
// auth:revoked:user:<tag>. What was given in an earlier generation is dead wherever it is used, from
// the moment Raise returns, however much there is of it.
type Revocations interface {
	// Raise ends part of a user's access. It costs the same for any number of grants. Of two concurrent
	// callers each makes a generation of its own. The store's own clock stamps it. Durable.
	Raise(ctx context.Context, e Ending) error

	// Reap deletes, of one page of a user's grants, those that a revocation has ended, and takes those
	// out of the index that are gone. Nothing depends on it but memory. Durable.
	Reap(ctx context.Context, q GrantQuery) (Reaped, error)
}

// Ending says what of a user's access ends.
type Ending struct {
	User   oauth.UserID
	What   Ended
	Root   oauth.RootTag  // of EndedSession: the browser; of EndedOthers: the one that is spared
	Client oauth.ClientID // of EndedClient
	Now    time.Time      // the caller's clock; the store stamps the ending by its own
	Keep   time.Duration  // no grant lives longer
}

// Ended is the scope of an Ending.
type Ended string

// The scopes.
const (
	EndedUser    Ended = "user"    // every session and grant
	EndedOthers  Ended = "others"  // every session and grant but those of one browser
	EndedGrants  Ended = "grants"  // every grant; sessions live on
	EndedSession Ended = "session" // the grants of one browser, without those that survive a sign-out
	EndedClient  Ended = "client"  // every grant to one client
)

// Reaped is what one Reap did.
type Reaped struct {
	Ended int    // grants that were alive but for the revocation
	Gone  int    // entries of grants that were gone before
	Next  string // for the next page; empty after the last one
	Left  int    // at most so many entries are behind this page
}
