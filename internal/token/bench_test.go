package token_test

import (
	"context"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/token"
)

// one is a store that holds one token and costs nothing, so that what is measured is the room.
type one struct {
	store.Access
	kept oauth.Access
}

func (s *one) Put(_ context.Context, a oauth.Access, _ time.Time) error {
	s.kept = a
	return nil
}

func (s *one) Look(context.Context, store.Query) (store.Standing, error) {
	return store.Standing{Found: true, Access: s.kept}, nil
}

// hot is a room over that store, and what a client_credentials request asks of it.
func hot(t testing.TB, format oauth.TokenFormat) (*room, token.Order, oauth.Token) {
	t.Helper()
	r := newRoom(t, func(o *token.Options) { o.Access = &one{} })
	order := r.order(client("app", format))
	r.known.Store(order.Client.ID, order.Client)
	return r, order, r.mint(t, order).Access
}

// The bounds leave a third over what was measured, signing and checking a signature included.
func TestTheRoomAllocatesLittle(t *testing.T) { // not parallel: everybody's allocations count
	for format, bound := range map[oauth.TokenFormat]struct{ mint, inspect float64 }{
		oauth.FormatOpaque: {8, 4}, oauth.FormatJWT: {105, 130}, // claims are read twice: once for the exact names
	} {
		r, order, text := hot(t, format)
		mint := testing.AllocsPerRun(200, func() { r.mint(t, order) })
		inspect := testing.AllocsPerRun(200, func() {
			if !r.alive(t, text) {
				t.Error("not alive")
			}
		})
		t.Logf("%s: minting %.0f, inspecting %.0f", format, mint, inspect)
		if mint > bound.mint || inspect > bound.inspect {
			t.Errorf("%s: minting %.0f, inspecting %.0f, more than %v", format, mint, inspect, bound)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	for _, format := range formats() {
		b.Run(string(format), func(b *testing.B) {
			r, order, _ := hot(b, format)
			b.ReportAllocs()
			for b.Loop() {
				r.mint(b, order)
			}
		})
	}
}

func BenchmarkInspect(b *testing.B) {
	for _, format := range formats() {
		b.Run(string(format), func(b *testing.B) {
			r, _, text := hot(b, format)
			b.ReportAllocs()
			for b.Loop() {
				r.alive(b, text)
			}
		})
	}
}
