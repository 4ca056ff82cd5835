package ratelimit_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
)

// BenchmarkClient is what a rate adds to a request of a busy client.
func BenchmarkClient(b *testing.B) {
	db, err := redisconn.Open(b.Context(), redisconn.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	l := ratelimit.New(ratelimit.Options{
		Store: redisstore.NewLimits(db), Events: &facts{}, Now: time.Now,
		Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000_000, Per: time.Hour}},
	})
	client := oauth.Client{ID: "service"}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Client(b.Context(), ratelimit.Token, client); err != nil {
			b.Fatal(err)
		}
	}
}
