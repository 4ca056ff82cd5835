package e2e

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// Redis is killed under load and comes back with what it had written.
func TestRedisIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	// "always" makes an answer of Redis mean that the change is on disk, so that whatever the daemon
	// acknowledged must be there afterwards.
	redis := redistest.Start(t, "appendonly yes", "appendfsync always")
	survive(t, part(t, onRedis(redis)), outage{
		lose:  redis.Kill,
		heal:  func() { redis.Restart(t) },
		limit: 2 * time.Second,
	})
}
