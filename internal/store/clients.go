package store

import (
	"context"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Clients holds the registrations, auth:client:<id>. Every change raises the version of all clients (Freshness) in
// the same step.
type Clients interface {
	// Get reads a client as it was stored by one Put; Absent when it is not registered.
	Get(ctx context.Context, id oauth.ClientID) (oauth.Client, error)

	// Put stores c when the stored revision is c.Revision (0: the client must not exist yet) and returns the new
	// revision; otherwise Conflict, and nothing changes. Of concurrent callers with one revision exactly one
	// succeeds. Durable.
	Put(ctx context.Context, c oauth.Client) (uint64, error)

	// Delete removes a client, whatever its revision; Absent when it is not registered. Of concurrent callers
	// exactly one removes it, and the others get Absent. A Put that was based on it gets Conflict afterwards.
	// Durable.
	Delete(ctx context.Context, id oauth.ClientID) error

	// List returns the ids after the cursor in their order, at most limit. A client that is registered or deleted
	// meanwhile may be in a page or not; the others are in one page exactly once.
	List(ctx context.Context, after oauth.ClientID, limit int) ([]oauth.ClientID, error)
}
