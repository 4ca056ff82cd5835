package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Clients holds the registrations, auth:client:<id>, and what is true of all of them.
type Clients interface {
	// Get reads a client; Absent when it is not there.
	Get(ctx context.Context, id oauth.ClientID) (oauth.Client, error)

	// Put stores c when the stored revision is c.Revision (0: it must not be there yet) and answers
	// the new revision; else Conflict. Of two concurrent callers with one revision one wins. The
	// version of all clients moves afterwards. Durable.
	Put(ctx context.Context, c oauth.Client) (uint64, error)

	// Delete removes a client; Absent when it was not there. The version moves. Durable.
	Delete(ctx context.Context, id oauth.ClientID) error

	// List pages through the ids in their order: those after the cursor, at most limit.
	List(ctx context.Context, after oauth.ClientID, limit int) ([]oauth.ClientID, error)

	// Version counts the changes of all clients: while it stands still, every client read since is
	// as it was. It is what an in-process copy is kept honest by. In the same round trip comes the
	// epoch, zero when it was never raised.
	Version(ctx context.Context) (version uint64, epoch time.Time, err error)

	// RaiseEpoch moves the epoch, auth:epoch, to a time: what was issued or began before it is dead,
	// whoever it belongs to. It never goes back: of two callers the later time wins. Durable.
	RaiseEpoch(ctx context.Context, before time.Time) error
}
