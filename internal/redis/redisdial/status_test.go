package redisdial_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// I8 rests on this: a Sentinel counts the time for which it has named a master from the moment at which it began to.
func TestSentinelsCountSinceWhenTheyNameAMaster(t *testing.T) {
	t.Parallel()
	g := redistest.StartGroup(t)
	o := redisdial.Options{MasterName: redistest.MasterName, DialTimeout: time.Second, Timeout: 2 * time.Second}
	view := func(addr string) quorum.SentinelView {
		sentinel := o.Sentinel(addr)
		defer func() { _ = sentinel.Close() }()
		v, err := sentinel.View(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := view(g.Addrs[0])
	redistest.Eventually(t, 10*time.Second, "the time grows", func() bool { return view(g.Addrs[0]).NamedFor >= first.NamedFor+time.Second })
	failover := time.Now()
	g.Sentinels[0].Do(t, "sentinel", "failover", redistest.MasterName)
	for _, addr := range g.Addrs {
		redistest.Eventually(t, 20*time.Second, "another master is named", func() bool { return view(addr).Master != first.Master })
		if v := view(addr); v.NamedFor > time.Since(failover) {
			t.Errorf("%s has named the master for %s, but %s ago it named another", addr, v.NamedFor, time.Since(failover))
		}
	}
}
