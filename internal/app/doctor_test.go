package app_test

import (
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]app.Verdict{
		-time.Second: app.Failing, 0: app.Failing, 24 * time.Hour: app.Doubt, 90 * 24 * time.Hour: app.Well,
	} {
		f := app.Expiry("tls", "auth.example.com", now.Add(left), now)
		if f.Verdict != want || (f.Remedy == "") != (want == app.Well) {
			t.Errorf("%s left: %+v", left, f)
		}
	}
}
