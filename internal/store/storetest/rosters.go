package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// Rosters is the suite of store.Rosters.
func Rosters(t *testing.T, open suite.Open) {
	s := open(t).Rosters
	start := time.UnixMilli(1_800_000_000_000).UTC()
	note := func(daemon string, after time.Duration, seen ...string) {
		t.Helper()
		n := store.Note{Daemon: daemon, Entry: []byte("{\"a b\":1}"), Seen: seen, Forget: time.Minute}
		suite.Sure(t, "note", s.Note(t.Context(), n, start.Add(after)))
	}
	note("one", 0, "password:1", "master:1")
	note("two", 10*time.Second, "password:1", "password:2")
	found, err := s.Roster(t.Context())
	suite.Sure(t, "roster", err)
	suite.Same(t, "entries", fmt.Sprint(len(found.Entries), " ", string(found.Entries["one"].Entry), " ", found.Entries["two"].At.Sub(start)), `2 {"a b":1} 10s`)
	suite.Same(t, "first seen", fmt.Sprint(found.Since["password:1"].Sub(start), found.Since["password:2"].Sub(start)), "0s 10s")
	note("two", 61*time.Second)
	found, err = s.Roster(t.Context())
	suite.Sure(t, "roster", err)
	suite.Same(t, "entries after a minute", len(found.Entries), 1)
	suite.Same(t, "secrets after a minute", len(found.Since), 3)
	suite.Together(suite.Crowd, func(n int) {
		if err := s.Note(t.Context(), store.Note{Daemon: fmt.Sprint(n), Seen: []string{"crowd"}, Forget: time.Hour}, start.Add(2*time.Minute)); err != nil {
			t.Error(err)
		}
	})
	found, err = s.Roster(t.Context())
	suite.Sure(t, "roster", err)
	suite.Same(t, "entries of a crowd", len(found.Entries), suite.Crowd+1)
}
