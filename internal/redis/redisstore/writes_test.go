package redisstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// BenchmarkWrites measures the writes of hot paths on a real Redis, with many callers at a time. It also reports the
// processor time of Redis per write.
func BenchmarkWrites(b *testing.B) {
	server := redistest.Start(b)
	db, err := redisconn.Open(b.Context(), redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	admin := redis.NewClient(&redis.Options{Addr: server.Addr, DisableIdentity: true, Protocol: 2})
	b.Cleanup(func() { _ = admin.Close() })
	grants, access, ctx, now := redisstore.NewGrants(db), redisstore.NewAccess(db), b.Context(), time.Now()
	var turn atomic.Int64
	measure := func(name string, one func(n int, step uint32) error) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(32)
			b.ReportAllocs()
			before := processorTime(b, admin)
			b.RunParallel(func(pb *testing.PB) {
				n, step := int(turn.Add(1)), uint32(0)
				for ; pb.Next(); step++ {
					if err := one(n, step); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(1e6*(processorTime(b, admin)-before)/float64(b.N), "redis-µs/op")
		})
	}
	advance := func(g oauth.Grant, serial uint32, token string) error {
		got, err := grants.Advance(ctx, store.Presentation{
			Grant: g.Ref, Client: g.Client, Scope: g.Scope, Audience: g.Audience, Serial: serial, Now: time.Now(), Rotate: true,
			Keep: 7 * 24 * time.Hour, Access: &store.NewAccess{Digest: oauth.DigestOf(token), Life: 15 * time.Minute},
		})
		if err == nil && got.Verdict != oauth.Advanced {
			err = fmt.Errorf("grant %s, serial %d: %s", g.Ref, serial, got.Verdict)
		}
		return err
	}
	measure("token", func(n int, step uint32) error {
		return access.Put(ctx, oauth.Access{
			Digest: oauth.DigestOf(fmt.Sprint(n, step)), Client: "recipe-web-app", Scope: oauth.Scopes{"read"},
			Audience: []string{"https://login.example.com"}, Issued: now, Expires: now.Add(time.Hour),
		}, now)
	})
	measure("revoke", func(n int, step uint32) error {
		q := store.Query{Digest: oauth.DigestOf(fmt.Sprint("r", n, step)), Format: oauth.FormatOpaque}
		return access.Revoke(ctx, q, now.Add(time.Hour), now)
	})
	measure("refresh", func(n int, step uint32) error {
		g := benchGrant(now, n)
		if step == 0 {
			if err := grants.Create(ctx, g); err != nil {
				return err
			}
		}
		return advance(g, step, fmt.Sprint("t", n, step))
	})
	measure("create", func(n int, step uint32) error { return grants.Create(ctx, benchGrant(now, n*1_000_000+int(step))) })
}

func benchGrant(now time.Time, n int) oauth.Grant {
	g := sampleGrant(now, 5*n)
	g.Audience, g.ACR, g.AMR = []string{"https://login.example.com"}, oauth.ACRPassword, []string{oauth.AMRPassword}
	return g
}

// processorTime returns the seconds that Redis has used.
func processorTime(b *testing.B, admin *redis.Client) float64 {
	b.Helper()
	info, err := admin.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum float64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += seconds
		}
	}
	return sum
}
