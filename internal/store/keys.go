package store

import "context"

// Keys holds the server's key ring, auth:keys: one field for each key, sealed by the caller.
type Keys interface {
	// Load reads the ring and its version, both of one moment; an empty ring has version 0.
	Load(ctx context.Context) (ring map[string][]byte, version uint64, err error)

	// Swap puts and drops keys and raises the version, when that is still version; otherwise it returns Conflict and
	// changes nothing. Of any number of concurrent callers with one version exactly one succeeds, so that replicas
	// cannot both rotate. Durable.
	Swap(ctx context.Context, version uint64, put map[string][]byte, drop []string) error
}
