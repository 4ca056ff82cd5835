package store

import "context"

// Keys holds the server's key ring, auth:keys: one field a key, sealed by the caller.
type Keys interface {
	// Load reads the ring and its version; an empty ring has version 0.
	Load(ctx context.Context) (ring map[string][]byte, version uint64, err error)

	// Swap puts and drops keys when the ring's version is still version, and moves it; else
	// Conflict, and nothing changed. Of any number of concurrent callers with one version exactly
	// one wins, so that replicas cannot both turn the calendar. Durable.
	Swap(ctx context.Context, version uint64, put map[string][]byte, drop []string) error
}
