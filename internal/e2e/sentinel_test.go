package e2e

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// The guarantees with a master, two replicas and three Sentinels. The test kills the master last.
func TestSentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, "appendonly yes")
	t.Run("before", func(t *testing.T) {
		t.Run("flows", func(t *testing.T) {
			t.Parallel()
			flows(t, newSite(t, "", "", onSentinels(group)...))
		})
		t.Run("a master that nobody knows", func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "", "", append(onSentinels(group), "OAUTH2D_REDIS_MASTER_NAME=theirs")...)
			refuses(t, s.env, []string{"serve"}, `knows no master named "theirs"`, "sentinel.conf")
		})
	})
	t.Run("the master is killed", func(t *testing.T) {
		k := part(t, append(onSentinels(group), "OAUTH2D_REDIS_DB=1"))
		survive(t, k, outage{
			lose: func() {
				master := group.Master(t)
				if master == nil {
					t.Fatal("there is no master")
				}
				master.Kill()
			},
			limit: 10 * time.Second,
		})
	})
}
