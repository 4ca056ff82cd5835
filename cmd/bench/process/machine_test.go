package process

import (
	"testing"
	"time"
)

// Idle time and time that waits for a disk do not count as busy.
func TestBusy(t *testing.T) {
	t.Parallel()
	const stat = "cpu  100 10 50 9000 500 5 15 20 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
	if got := busy(stat); got != 2*time.Second {
		t.Errorf("busy for %v, want 2s", got)
	}
	for _, bad := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9"} {
		if got := busy(bad); got != 0 {
			t.Errorf("%q: busy for %v", bad, got)
		}
	}
}
