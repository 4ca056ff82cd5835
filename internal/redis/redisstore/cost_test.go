package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// BenchmarkStrictAgainstRelaxed refreshes with 64 callers on one group, alternating every second between the two
// durabilities, so that a busy machine affects both alike.
func BenchmarkStrictAgainstRelaxed(b *testing.B) {
	g := redistest.StartGroup(b, "appendonly yes")
	modes := []redisconn.Durability{redisconn.Relaxed, redisconn.Strict}
	stores := make(map[redisconn.Durability]*redisstore.Grants)
	for _, mode := range modes {
		db, err := redisconn.Open(b.Context(), redisconn.Options{
			Mode: redisconn.Sentinel, Addrs: g.Addrs, MasterName: redistest.MasterName, Durability: mode,
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		stores[mode] = redisstore.NewGrants(db)
		if err := stores[mode].Kill(b.Context(), "warm"); err != nil {
			b.Fatal(err)
		}
	}
	total := make(map[redisconn.Durability]int64)
	turns := 0
	for b.Loop() {
		for _, mode := range modes {
			total[mode] += refreshFor(b, stores[mode], time.Second, fmt.Sprintf("%s%d", mode, turns))
		}
		turns++
	}
	b.ReportMetric(float64(total[redisconn.Relaxed])/float64(turns), "relaxed/s")
	b.ReportMetric(float64(total[redisconn.Strict])/float64(turns), "strict/s")
	b.ReportMetric(100*float64(total[redisconn.Strict])/float64(total[redisconn.Relaxed]), "%")
}

// refreshFor lets 64 callers rotate their refresh tokens for a time, and returns the number of refreshes.
func refreshFor(b *testing.B, grants *redisstore.Grants, d time.Duration, name string) int64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var done atomic.Int64
	var group sync.WaitGroup
	for caller := range 64 {
		group.Go(func() {
			ref := oauth.GrantRef(fmt.Sprintf("%sc%d", name, caller))
			if err := grants.Create(context.Background(), grantOf(ref, time.Now())); err != nil {
				b.Error(err)
				return
			}
			for p := redeem(ref, name); ctx.Err() == nil; p.Serial++ {
				p.Now = time.Now()
				if got, err := grants.Advance(context.Background(), p); err != nil || got.Verdict != oauth.Advanced {
					b.Errorf("%s, %v", got.Verdict, err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return done.Load()
}
