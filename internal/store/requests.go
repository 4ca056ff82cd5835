package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Requests keeps authorization requests that are too large for an address while they wait for a person,
// auth:request:<digest>. The name of a request is a digest of its content, so that the same request is kept
// once, and a name never stands for another request.
type Requests interface {
	// Keep stores a request for life from now on; one that is kept already lives for life from now on, too. Of
	// concurrent callers with one name the last one decides how long it lives; they all store the same. Durable: a
	// person who signs in while a master fails can continue.
	Keep(ctx context.Context, name oauth.Digest, sealed string, life time.Duration) error

	// Get returns a request; Absent when it was not kept, or has expired. Any number of concurrent callers get the
	// same.
	Get(ctx context.Context, name oauth.Digest) (string, error)
}
