package registry

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

var errAway = errors.New("connection refused")

// shelf keeps clients in memory with the promises of store.Clients and store.Freshness. It counts the questions, can be
// away, and lets a test act between a question and its answer.
type shelf struct {
	mu       sync.Mutex
	clients  map[oauth.ClientID]oauth.Client
	version  uint64
	gets     int
	versions int
	away     bool
	onGet    func() // runs once, after a Get has read and before it answers
	onPut    func() // runs once, before a Put
}

func (s *shelf) Get(ctx context.Context, id oauth.ClientID) (oauth.Client, error) {
	s.mu.Lock()
	s.gets++
	c, ok := s.clients[id]
	away, then := s.away, s.onGet
	s.onGet = nil
	s.mu.Unlock()
	if then != nil {
		then()
	}
	switch {
	case ctx.Err() != nil:
		return oauth.Client{}, ctx.Err()
	case away:
		return oauth.Client{}, errAway
	case !ok:
		return oauth.Client{}, store.Absent
	}
	return c, nil
}

func (s *shelf) Put(_ context.Context, c oauth.Client) (uint64, error) {
	s.mu.Lock()
	then := s.onPut
	s.onPut = nil
	s.mu.Unlock()
	if then != nil {
		then()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return 0, errAway
	}
	if s.clients[c.ID].Revision != c.Revision {
		return 0, store.Conflict
	}
	c.Revision++
	if s.clients == nil {
		s.clients = map[oauth.ClientID]oauth.Client{}
	}
	s.clients[c.ID] = c
	s.version++
	return c.Revision, nil
}

func (s *shelf) Delete(_ context.Context, id oauth.ClientID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	if _, ok := s.clients[id]; !ok {
		return store.Absent
	}
	delete(s.clients, id)
	s.version++
	return nil
}

func (s *shelf) List(_ context.Context, after oauth.ClientID, limit int) ([]oauth.ClientID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(s.clients)), func(id oauth.ClientID) bool {
		return cmp.Compare(id, after) <= 0
	})
	return ids[:min(limit, len(ids))], nil
}

func (s *shelf) Read(context.Context) (store.Marks, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions++
	if s.away {
		return store.Marks{}, errAway
	}
	return store.Marks{Version: s.version}, nil
}

func (s *shelf) RaiseEpoch(context.Context, time.Time) error { return errors.ErrUnsupported }

func (s *shelf) asked() (gets, versions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gets, versions = s.gets, s.versions
	s.gets, s.versions = 0, 0
	return gets, versions
}

func (s *shelf) goAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}
