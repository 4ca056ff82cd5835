package keyring

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// fingerprintSize is the length of a fingerprint in bytes.
const fingerprintSize = 8

// Sealed counts the keys of the ring.
type Sealed struct {
	Keys     int
	Previous int // those under a previous master key
}

// Sealed reads the ring and counts what lies under which master key.
func (r *Ring) Sealed(ctx context.Context) (Sealed, error) {
	found, err := r.read(ctx)
	return Sealed{Keys: len(found.keys), Previous: len(found.stale)}, err
}

// Reseal seals every key that lies under a previous master key under the current one, in one swap: all of them or, after
// an error, none. It returns what it found. A second call finds nothing to do.
func (r *Ring) Reseal(ctx context.Context) (Sealed, error) {
	ctx, release := commit.Begin(ctx)
	defer release()
	var before Sealed
	err := r.locked(ctx, func(t *turning) error {
		before = Sealed{Keys: len(t.keys), Previous: len(t.stale)}
		for _, id := range t.stale {
			t.put[id] = true
		}
		return nil
	})
	return before, err
}

// UseSealer replaces the master keys, once the whole ring can be read with s. After ErrMasterKey, or another error,
// nothing has changed.
func (r *Ring) UseSealer(ctx context.Context, s *secret.Sealer) error {
	boxes, _, err := r.o.Store.Load(ctx)
	if err != nil {
		return err
	}
	var all []error
	for id, box := range boxes {
		if _, err := unseal(s, id, box); err != nil {
			all = append(all, err)
		}
	}
	if len(all) > 0 {
		if errors.Is(errors.Join(all...), ErrMasterKey) {
			return ErrMasterKey
		}
		return all[0]
	}
	r.sealer.Store(s)
	return nil
}

// Fingerprint returns a short text that is the same for the same value, and from which nobody who reads Redis alone can
// guess the value: its key is the pepper that was made first.
func (r *Ring) Fingerprint(purpose, value string) string {
	var oldest *key
	for _, k := range r.current.Load().keys {
		if k.Use == UsePepper && (oldest == nil || k.Created.Before(oldest.Created)) {
			oldest = &k
		}
	}
	if oldest == nil || value == "" {
		return ""
	}
	sum := secret.MAC(oldest.keyed, "fingerprint "+purpose, value)
	return hex.EncodeToString(sum[:fingerprintSize])
}
