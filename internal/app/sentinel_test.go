package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// sentinels configures Sentinel mode.
func sentinels(g *redistest.Group) testkit.Option {
	return func(c *config.Config) {
		testkit.Redis("")(c)
		c.Redis.Mode, c.Redis.MasterName, c.Redis.Addrs = "sentinel", redistest.MasterName, g.Addrs
	}
}

// A start without faults logs no error.
func TestF_P20_N08_ASoundStartLogsNoError(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t, "appendonly yes")
	d := testkit.Start(t, sentinels(g))
	_ = tokenOf(t, d)
	if status, body := ready(t, d); status != http.StatusOK || !strings.Contains(body, `"durability":"strict"`) || !strings.Contains(body, `"status":"ready"`) {
		t.Errorf("ready: %d %s", status, body)
	}
	redistest.Eventually(t, 10*time.Second, "it has been looked at", func() bool { return strings.Contains(d.Log.String(), `"msg":"serving"`) })
	for _, level := range []string{"ERROR", "WARN"} {
		if strings.Contains(d.Log.String(), `"level":"`+level+`"`) {
			t.Errorf("the log: %s", d.Log)
		}
	}
}
