package ratelimit

import (
	"context"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// keyedSemaphore lets at most limit callers at a time work on one key; the others wait. It is safe for
// concurrent use, and holds only the keys that are in use.
type keyedSemaphore struct {
	limit int

	mu   sync.Mutex
	keys map[oauth.Digest]*semaphore
}

type semaphore struct {
	slots chan struct{}
	users int // callers that hold a slot or wait for one
}

func newKeyedSemaphore(limit int) *keyedSemaphore {
	return &keyedSemaphore{limit: limit, keys: map[oauth.Digest]*semaphore{}}
}

// acquire waits for a slot of a key and returns the function that releases it. The error is that of ctx.
func (k *keyedSemaphore) acquire(ctx context.Context, key oauth.Digest) (release func(), err error) {
	k.mu.Lock()
	s := k.keys[key]
	if s == nil {
		s = &semaphore{slots: make(chan struct{}, k.limit)}
		k.keys[key] = s
	}
	s.users++
	k.mu.Unlock()
	select {
	case s.slots <- struct{}{}:
		return func() {
			<-s.slots
			k.leave(key, s)
		}, nil
	case <-ctx.Done():
		k.leave(key, s)
		return nil, ctx.Err()
	}
}

// leave drops the semaphore of a key that nobody uses any more.
func (k *keyedSemaphore) leave(key oauth.Digest, s *semaphore) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s.users--
	if s.users == 0 {
		delete(k.keys, key)
	}
}
