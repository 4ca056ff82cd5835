package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Requests is the suite of store.Requests.
func Requests(t *testing.T, open suite.Open) {
	s := open(t).Requests
	t.Run("kept once", func(t *testing.T) { requestKept(t, s) })
	t.Run("many at once", func(t *testing.T) { requestsTogether(t, s) })
}

func requestKept(t *testing.T, s store.Requests) {
	one, other := oauth.DigestOf("one"), oauth.DigestOf("other")
	large := strings.Repeat("x", 40_000)
	if _, err := s.Get(t.Context(), one); !errors.Is(err, store.Absent) {
		t.Fatalf("before it was kept: %v", err)
	}
	for range 2 { // keeping it again changes nothing but its life
		suite.Sure(t, "keep", s.Keep(t.Context(), one, large, time.Hour))
		got, err := s.Get(t.Context(), one)
		suite.Sure(t, "get", err)
		suite.Same(t, "one", got, large)
	}
	if _, err := s.Get(t.Context(), other); !errors.Is(err, store.Absent) {
		t.Errorf("another name: %v", err)
	}
}

func requestsTogether(t *testing.T, s store.Requests) {
	name := oauth.DigestOf("together")
	suite.Together(suite.Crowd, func(int) {
		if err := s.Keep(t.Context(), name, "the same", time.Hour); err != nil {
			t.Error(err)
			return
		}
		if got, err := s.Get(t.Context(), name); err != nil || got != "the same" {
			t.Errorf("%q, %v", got, err)
		}
	})
}
