package redisconn

import (
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// dialPause is the time without a dial after a dial failed.
const dialPause = 25 * time.Millisecond

// gate answers for Redis while it cannot be reached, so that a crowd of callers does not become a
// crowd of dials. It also keeps the driver's own circuit breaker shut, which after as many failed
// dials as the pool has places looks again only once a second.
type gate struct {
	mu     sync.Mutex
	now    func() time.Time
	closed time.Time
	why    error
}

// blocked returns why no pipeline may leave now; nil when one may.
func (g *gate) blocked() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.why == nil || g.now().Sub(g.closed) >= dialPause {
		return nil
	}
	return g.why
}

// learn closes the gate for a moment when Redis was not reached, and opens it when it was.
func (g *gate) learn(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if outcome.Of(err) != outcome.Unreachable {
		g.why = nil
		return
	}
	g.why, g.closed = err, g.now()
}

// pause waits for a moment after a failed dial, or until Close, so that a crowd of callers does not become
// a crowd of dials.
func (db *DB) pause() {
	select {
	case <-time.After(dialPause):
	case <-db.quit:
	}
}
