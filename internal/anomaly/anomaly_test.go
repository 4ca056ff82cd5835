package anomaly_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/anomaly"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/roomtest"
)

func ask(w *anomaly.Detector, token event.TokenID, caller oauth.ClientID, active bool) {
	w.Emit(context.Background(), event.TokenIntrospected{Client: "owner", Caller: caller, Token: token, Active: active})
}

// Each caller counts once. TokenShared is emitted once for a token, and not for a dead one.
func TestOneTokenFromManyCallers(t *testing.T) {
	t.Parallel()
	n := &roomtest.Events{}
	w := anomaly.New(anomaly.Options{Next: n, Callers: 3})
	for range 3 {
		ask(w, "one", "a", true)
		ask(w, "one", "b", true)
		ask(w, "one", "b", false)
		ask(w, "one", "dead", false)
	}
	if len(n.Emitted()) != 0 {
		t.Fatalf("two callers: %v", n.Emitted())
	}
	ask(w, "other", "c", true)
	for i := range 5 {
		ask(w, "one", oauth.ClientID(fmt.Sprint("more", i)), true)
	}
	want := []event.Event{event.TokenShared{Client: "owner", Token: "one", Callers: 3}}
	if !slices.Equal(n.Emitted(), want) {
		t.Errorf("%v, want %v", n.Emitted(), want)
	}
}

// A service that is not registered to introspect asks with every request: the denial is emitted once a minute.
func TestF_N10_ADenialIsEmittedOnceAMinute(t *testing.T) {
	t.Parallel()
	n, now := &roomtest.Events{}, time.Unix(0, 0)
	w := anomaly.New(anomaly.Options{Next: n, Now: func() time.Time { return now }})
	deny := func(caller, owner oauth.ClientID) {
		w.Emit(context.Background(), event.TokenIntrospected{Caller: caller, Client: owner, Denied: "not_its_token"})
	}
	for range 3 {
		deny("a", "owner")
		deny("b", "owner")
		now = now.Add(29 * time.Second)
	}
	var callers []string
	for _, e := range n.Emitted() {
		callers = append(callers, string(e.(event.IntrospectionDenied).Caller))
	}
	if want := []string{"a", "b"}; !slices.Equal(callers, want) {
		t.Errorf("%v, want %v", callers, want)
	}
	now = now.Add(time.Minute)
	deny("a", "owner")
	deny("a", "other")
	if len(n.Emitted()) != 4 {
		t.Errorf("%v", n.Emitted())
	}
}

func TestZeroCallersIsNever(t *testing.T) {
	t.Parallel()
	n := &roomtest.Events{}
	w := anomaly.New(anomaly.Options{Next: n})
	for i := range 50 {
		ask(w, "one", oauth.ClientID(fmt.Sprint(i)), true)
	}
	if len(n.Emitted()) != 0 {
		t.Errorf("%v", n.Emitted())
	}
}

// A flood of tokens is not an anomaly, and takes no memory.
func TestFlood(t *testing.T) {
	t.Parallel()
	n := &roomtest.Events{}
	w := anomaly.New(anomaly.Options{Next: n, Callers: 3})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for token := range 20_000 {
				ask(w, event.TokenID(fmt.Sprint(token)), oauth.ClientID(fmt.Sprint(i%2)), true)
			}
		})
	}
	all.Wait()
	if len(n.Emitted()) != 0 {
		t.Errorf("two callers each: %d anomalies", len(n.Emitted()))
	}
}
