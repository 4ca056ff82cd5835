package ratelimit_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/ratelimit"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// generous returns what is wanted, at once: what is left to measure is the daemon's own part.
type generous struct{ store.Limits }

func (generous) Take(_ context.Context, _ store.Bucket, want int, _ time.Time) (store.Permits, error) {
	return store.Permits{Granted: want}, nil
}

// BenchmarkClient measures the cost of a rate for a request of a busy client.
func BenchmarkClient(b *testing.B) {
	l := ratelimit.New(ratelimit.Options{
		Store: generous{}, Events: &facts{}, Now: time.Now,
		Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000, Per: time.Minute}},
	})
	client := oauth.Client{ID: "service"}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Client(b.Context(), ratelimit.Token, client); err != nil {
			b.Fatal(err)
		}
	}
}

// Requests of busy clients at the same time, each with permits of its own.
func BenchmarkClientsParallel(b *testing.B) {
	l := ratelimit.New(ratelimit.Options{
		Store: generous{}, Events: &facts{}, Now: time.Now,
		Rates: map[ratelimit.Rule]ratelimit.Rate{ratelimit.Token: {Count: 1_000_000, Per: time.Minute}},
	})
	var clients atomic.Int32
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		client := oauth.Client{ID: oauth.ClientID(fmt.Sprint("service-", clients.Add(1)))}
		for p.Next() {
			if err := l.Client(b.Context(), ratelimit.Token, client); err != nil {
				b.Error(err)
			}
		}
	})
}
