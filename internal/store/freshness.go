package store

import (
	"context"
	"time"
)

// Freshness holds the two marks that decide whether an answer from memory still counts: the version of all clients,
// auth:clients:version, and the epoch, auth:epoch.
type Freshness interface {
	// Read returns both marks, in one round trip. They are read side by side, not at one instant; each only
	// grows. While the version stays the same, every client that was read since is as it was.
	Read(ctx context.Context) (Marks, error)

	// RaiseEpoch moves the epoch to a time: everything that was issued or began before it is void, for every user
	// and client. It never goes back: of concurrent callers the latest time stays. Durable.
	RaiseEpoch(ctx context.Context, before time.Time) error
}

// Marks is the result of Read.
type Marks struct {
	Version uint64    // counts the changes of all clients
	Epoch   time.Time // zero when it was never raised
}
