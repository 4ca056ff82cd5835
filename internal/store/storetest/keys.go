package storetest

import (
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Keys is the suite of store.Keys.
func Keys(t *testing.T, open suite.Open) {
	t.Run("history", func(t *testing.T) {
		for seed := range uint64(suite.Seeds) {
			keyHistory(t, open(t).Keys, seed)
		}
	})
	t.Run("one of a crowd turns the ring", func(t *testing.T) { oneTurns(t, open(t).Keys) })
}

// keyHistory is one random life of a ring, with a caller that is sometimes late.
func keyHistory(t *testing.T, s store.Keys, seed uint64) {
	t.Helper()
	d := suite.Roll("keys", seed)
	ring, version := map[string][]byte{}, uint64(0)
	for step := range suite.Steps {
		where := fmt.Sprintf("seed %d step %d", seed, step)
		got, at, err := s.Load(t.Context())
		suite.Sure(t, where, err)
		suite.Same(t, where+": version", at, version)
		suite.Same(t, where+": ring", got, ring)

		put, drop := map[string][]byte{}, []string{}
		for range d.IntN(3) {
			put[suite.Pick(d, "1", "2", "version", "k:{*}")] = []byte{byte(d.IntN(256)), 0, '\n', byte(step)}
		}
		for range d.IntN(2) {
			drop = append(drop, suite.Pick(d, "1", "2", "never"))
		}
		late := d.OneIn(4)
		if late {
			at += uint64(d.IntN(2))*2 - 1 //nolint:gosec // one more or one less, also below zero
		}
		err = s.Swap(t.Context(), at, put, drop)
		suite.Sure(t, where, err)
		suite.Same(t, where+": conflict", errors.Is(err, store.Conflict), late)
		if late {
			continue
		}
		version++
		maps.Copy(ring, put)
		for _, id := range drop {
			delete(ring, id)
		}
	}
}

// oneTurns: replicas cannot both turn the calendar.
func oneTurns(t *testing.T, s store.Keys) {
	for version := range uint64(3) {
		var won atomic.Int32
		suite.Together(suite.Crowd, func(i int) {
			switch err := s.Swap(t.Context(), version, map[string][]byte{fmt.Sprint(version, i): {1}}, nil); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.Conflict):
				t.Errorf("swap: %v", err)
			}
		})
		suite.Same(t, "who turned the ring", won.Load(), int32(1))
		ring, at, err := s.Load(t.Context())
		suite.Sure(t, "load", err)
		suite.Same(t, "version", at, version+1)
		suite.Same(t, "keys", len(ring), int(version)+1) //nolint:gosec // small
	}
}
