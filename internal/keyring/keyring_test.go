package keyring

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

const day = 24 * time.Hour

// stage is a store, a clock and an ear that several replicas share.
type stage struct {
	shelf  shelf
	master []byte

	mu    sync.Mutex
	at    time.Time
	facts []event.KeyChanged
}

func newStage() *stage {
	return &stage{master: secret.Random(secret.MasterKeySize), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *stage) Emit(_ context.Context, e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fact, _ := e.(event.KeyChanged)
	s.facts = append(s.facts, fact)
}

// heard counts the facts of one change since it was last asked.
func (s *stage) heard(use string) map[event.KeyChange]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := map[event.KeyChange]int{}
	s.facts = slices.DeleteFunc(s.facts, func(f event.KeyChanged) bool {
		if f.Use == use {
			count[f.Change]++
		}
		return f.Use == use
	})
	return count
}

func (s *stage) options(t *testing.T) Options {
	t.Helper()
	sealer, err := secret.NewSealer(s.master)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Store: &s.shelf, Sealer: sealer, Events: s, Now: s.now, Keep: 2 * day, MACKeep: 90 * day}
}

// replica is a ring that is loaded.
func (s *stage) replica(t *testing.T) *Ring {
	t.Helper()
	r := New(s.options(t))
	must(t, r.Load(t.Context()))
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signed(t *testing.T, r *Ring) string {
	t.Helper()
	token, err := r.Sign(t.Context(), "", "at+jwt", map[string]string{"sub": "someone"})
	must(t, err)
	return token
}

func verifies(r *Ring, token string) bool {
	_, err := r.Verify(token, "at+jwt")
	return err == nil
}

// ofUse lists the ids of the keys of a use by their state.
func ofUse(r *Ring, use string) map[State][]string {
	ids := map[State][]string{}
	for _, k := range r.List() {
		if k.Use == use {
			ids[k.State] = append(ids[k.State], k.ID)
		}
	}
	return ids
}

func TestFirstReplicaMakesTheKeysAndOthersReadThem(t *testing.T) {
	t.Parallel()
	s := newStage()
	var starting sync.WaitGroup
	rings := make([]*Ring, 8)
	for i := range rings {
		rings[i] = New(s.options(t))
		starting.Go(func() {
			if err := rings[i].Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if s.shelf.swaps != 1 {
		t.Errorf("the ring was made %d times", s.shelf.swaps)
	}
	for _, use := range []string{UseSign, UseMAC, UsePepper} {
		if heard := s.heard(use); heard["made"] != 1 {
			t.Errorf("%s: %v", use, heard)
		}
	}
	token := signed(t, rings[0])
	id, key := rings[0].SealingKey()
	pepper, _ := rings[0].Pepper()
	for _, r := range rings {
		if !verifies(r, token) || !same(r.KeyOf(id), key) || r.PepperOf(pepper) == nil {
			t.Error("a replica does not know the keys of another")
		}
	}
}

// same reports whether two keys make the same MACs.
func same(a, b oauth.MACKey) bool {
	return a != nil && b != nil && a.Sum([]byte("a text")) == b.Sum([]byte("a text"))
}

func TestSigningKeyGoesThroughItsCalendar(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	first, token := ofUse(r, UseSign)[Active][0], signed(t, r)
	s.heard(UseSign)

	s.pass(29*day - time.Second)
	must(t, r.Turn(t.Context()))
	if got := ofUse(r, UseSign); len(got[Published]) != 0 {
		t.Errorf("a successor is published too early: %v", got)
	}
	s.pass(time.Second)
	must(t, r.Turn(t.Context()))
	states := ofUse(r, UseSign)
	if len(states[Published]) != 1 || !slices.Equal(states[Active], []string{first}) {
		t.Fatalf("a day before the end: %v", states)
	}
	successor := states[Published][0]
	if len(r.JWKS(t.Context()).Keys) != 2 {
		t.Error("the successor is not in the JWKS before it signs")
	}
	if heard := s.heard(UseSign); heard["made"] != 1 || heard["promoted"] != 0 {
		t.Errorf("a day before the end: %v", heard)
	}

	s.pass(day) // the hour has come: by the clock alone, before anybody turns the calendar
	if !strings.Contains(kidOf(t, signed(t, r)), successor) || !verifies(r, token) {
		t.Error("the successor does not sign, or the retired key does not verify")
	}
	must(t, r.Turn(t.Context()))
	if heard := s.heard(UseSign); heard["promoted"] != 1 || heard["retired"] != 1 {
		t.Errorf("at the hour: %v", heard)
	}

	s.pass(2*day - time.Second)
	if !verifies(r, token) {
		t.Error("refused before its key is dropped")
	}
	s.pass(time.Second)
	if verifies(r, token) || len(r.JWKS(t.Context()).Keys) != 1 {
		t.Error("accepted, or published, after its key is dropped")
	}
	must(t, r.Turn(t.Context()))
	if heard := s.heard(UseSign); heard["dropped"] != 1 || s.shelf.ring[first] != nil {
		t.Errorf("at the end: %v", heard)
	}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	kid := ""
	_, err := jose.Verify(token, "at+jwt", func(id string) (jose.Public, bool) {
		kid = id
		return jose.Public{}, false
	})
	if kid == "" {
		t.Fatal(err)
	}
	return kid
}

func TestCalendarIsTurnedOnceByAllReplicas(t *testing.T) {
	t.Parallel()
	s := newStage()
	rings := []*Ring{s.replica(t), s.replica(t), s.replica(t), s.replica(t)}
	for _, use := range []string{UseSign, UseMAC} {
		s.heard(use)
	}
	for range 200 {
		s.pass(13 * time.Hour)
		var turning sync.WaitGroup
		for _, r := range rings {
			turning.Go(func() {
				if err := r.Turn(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		turning.Wait()
		for _, r := range rings {
			if len(ofUse(r, UseSign)[Active]) != 1 || len(ofUse(r, UseMAC)[Active]) != 1 || len(ofUse(r, UsePepper)[Active]) != 1 {
				t.Fatalf("not one active key a line: %v", r.List())
			}
		}
		token := signed(t, rings[0])
		for _, r := range rings {
			if !verifies(r, token) {
				t.Fatal("a replica does not know the key of another")
			}
		}
	}
	// 2600 hours are three and a half reigns: three successors were made and took over.
	if heard := s.heard(UseSign); heard["made"] != 3 || heard["promoted"] != 3 || heard["retired"] != 3 || heard["dropped"] != 3 {
		t.Errorf("%v", heard)
	}
	if heard := s.heard(UseMAC); heard["made"] != 3 || heard["promoted"] != 3 || heard["retired"] != 3 || heard["dropped"] != 0 {
		t.Errorf("%v", heard)
	}
}

func TestKeysServeWhenTheCalendarCannotBeTurned(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	s.pass(31 * day)
	s.shelf.away = true
	if err := r.Turn(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("the store is away: %v", err)
	}
	if id, key := r.SealingKey(); key == nil || !same(r.KeyOf(id), key) || !verifies(r, signed(t, r)) {
		t.Error("a retired key without successor does not serve")
	}
	s.shelf.away = false
	must(t, r.Turn(t.Context()))
	if got := ofUse(r, UseSign); len(got[Published]) != 1 || len(got[Retired]) != 1 {
		t.Errorf("a late successor is published before it signs, too: %v", got)
	}
	s.pass(r.o.Settle)
	if got := ofUse(r, UseSign); len(got[Active]) != 1 {
		t.Errorf("%v", got)
	}
}

func TestLoserOfASwapDecidesAgain(t *testing.T) {
	t.Parallel()
	s := newStage()
	one, other := s.replica(t), s.replica(t)
	s.pass(29 * day)
	s.shelf.beforeSwap = func() { must(t, other.Turn(t.Context())) }
	must(t, one.Turn(t.Context()))
	if got := ofUse(one, UseSign); len(got[Published]) != 1 || !slices.Equal(got[Published], ofUse(other, UseSign)[Published]) {
		t.Errorf("%v", got)
	}
}

func TestFailedSwapLeavesTheRingAsItWasRead(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	before := r.List()
	s.pass(29 * day)
	s.heard(UseSign)
	s.shelf.swapFails = true
	if err := r.Turn(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("%v", err)
	}
	if len(r.List()) != len(before) || len(s.heard(UseSign)) != 0 {
		t.Error("a key that may not be stored is used or told of")
	}
}

func TestEndlessConflictIsAnError(t *testing.T) {
	t.Parallel()
	s := newStage()
	r := s.replica(t)
	var interfere func()
	interfere = func() {
		s.shelf.mu.Lock()
		defer s.shelf.mu.Unlock()
		s.shelf.version++
		s.shelf.beforeSwap = interfere
	}
	s.shelf.beforeSwap = interfere
	if err := r.Rotate(t.Context(), UseMAC); !errors.Is(err, store.Conflict) {
		t.Errorf("%v", err)
	}
}

func BenchmarkSign(b *testing.B) {
	s := newStage()
	sealer, err := secret.NewSealer(s.master)
	if err != nil {
		b.Fatal(err)
	}
	r := New(Options{Store: &s.shelf, Sealer: sealer, Events: s, Now: s.now})
	if err := r.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Sign(b.Context(), "", "at+jwt", map[string]string{"sub": "someone"}); err != nil {
			b.Fatal(err)
		}
	}
}
