package probe_test

import (
	"errors"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
)

// The start waits for a server that may be ready in a moment, and for no other. A server that was too busy to load the
// scripts answers NOSCRIPT.
func TestPassing(t *testing.T) {
	t.Parallel()
	for result, want := range map[string]bool{
		outcome.Timeout: true, outcome.Unreachable: true, outcome.ReadOnly: true, outcome.Unconfirmed: true, outcome.NoMaster: true, outcome.NoScript: true,
		outcome.NoPerm: false, outcome.OOM: false, outcome.Misconf: false, outcome.Failed: false,
	} {
		if got := probe.Passing(&outcome.Error{Verb: "claim", Result: result, Cause: errors.New("why")}); got != want {
			t.Errorf("%s: passing is %t, want %t", result, got, want)
		}
	}
}
