package endpoint_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// The time that a request waits for Redis is measured by a clock of its own: when the time of day jumps, as tests make it
// do, no request that waits is taken for one that has waited too long.
func TestAJumpOfTheClockFailsNoRequest(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				d.Clock.Advance(10 * time.Second)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for range 20 {
		if got := d.Demo().Token(t, url.Values{"grant_type": {"client_credentials"}}); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Raw)
		}
	}
}
