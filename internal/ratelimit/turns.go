package ratelimit

import (
	"context"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// turns lets a few at a time do something to one key, and the others wait. It is safe for concurrent
// use; it keeps only keys that somebody is at.
type turns struct {
	atOnce int

	mu sync.Mutex
	at map[oauth.Digest]*queue
}

type queue struct {
	free  chan struct{}
	users int
}

func newTurns(atOnce int) *turns { return &turns{atOnce: atOnce, at: map[oauth.Digest]*queue{}} }

// enter waits for a turn; leave gives it back.
func (t *turns) enter(ctx context.Context, key oauth.Digest) (leave func(), err error) {
	t.mu.Lock()
	q := t.at[key]
	if q == nil {
		q = &queue{free: make(chan struct{}, t.atOnce)}
		t.at[key] = q
	}
	q.users++
	t.mu.Unlock()
	select {
	case q.free <- struct{}{}:
		return func() {
			<-q.free
			t.gone(key, q)
		}, nil
	case <-ctx.Done():
		t.gone(key, q)
		return nil, ctx.Err()
	}
}

func (t *turns) gone(key oauth.Digest, q *queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q.users--
	if q.users == 0 {
		delete(t.at, key)
	}
}
