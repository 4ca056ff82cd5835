package keyring

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("connection refused")

// shelf keeps a ring in memory with the promises of store.Keys, so that these tests can make the
// store be away, or be changed between a read and a swap.
type shelf struct {
	mu         sync.Mutex
	ring       map[string][]byte
	version    uint64
	swaps      int
	away       bool   // every question fails
	swapFails  bool   // a Swap fails, but a Load does not
	beforeSwap func() // runs once, without the lock
}

func (s *shelf) Load(context.Context) (map[string][]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, 0, errAway
	}
	return maps.Clone(s.ring), s.version, nil
}

func (s *shelf) Swap(_ context.Context, version uint64, put map[string][]byte, drop []string) error {
	s.mu.Lock()
	meanwhile := s.beforeSwap
	s.beforeSwap = nil
	s.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away || s.swapFails {
		return errAway
	}
	if s.version != version {
		return store.Conflict
	}
	if s.ring == nil {
		s.ring = map[string][]byte{}
	}
	maps.Copy(s.ring, put)
	for _, id := range drop {
		delete(s.ring, id)
	}
	s.version++
	s.swaps++
	return nil
}
