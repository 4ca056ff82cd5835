package profile_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/profile"
)

// A caller that disconnects ends its profile, and the next caller gets one.
func TestAProfileEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p profile.Profiler
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := p.Take(ctx, profile.Block, profile.MaxTime); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the profile: %v", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
		if raw, err := p.Take(t.Context(), profile.Block, time.Second); err != nil || len(raw) == 0 {
			t.Errorf("the next one: %d bytes, %v", len(raw), err)
		}
	})
}
