package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Revocations holds, for each user whose access was ever ended, the generations of these endings:
// auth:revoked:user:<tag>. As soon as Raise has returned, every grant and session of an earlier generation is void
// wherever it is used, however many there are.
type Revocations interface {
	// Raise ends part of a user's access. It costs the same for any number of grants. Each of concurrent callers makes
	// a generation of its own, and all of their endings count. The store's own clock stamps it. Durable.
	Raise(ctx context.Context, e Ending) error

	// Reap deletes, of one page of a user's grants, those that a revocation has ended, and removes from the index those
	// that do not exist any more. Only memory depends on it. Concurrent callers may both count a grant that both found;
	// together they delete the same as one. Durable.
	Reap(ctx context.Context, q GrantQuery) (Reaped, error)
}

// Ending describes the part of a user's access that ends.
type Ending struct {
	User   oauth.UserID
	What   Ended
	Root   oauth.RootTag  // of EndedSession: the browser; of EndedOthers: the one that keeps its access
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

// Reaped counts the work of one Reap.
type Reaped struct {
	Ended int    // grants that only the revocation had ended
	Gone  int    // entries of grants that did not exist any more
	Next  string // for the next page; empty after the last one
	Left  int    // at most so many entries are behind this page
}
