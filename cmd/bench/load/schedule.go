package load

import (
	"sync/atomic"
	"time"
)

// schedule hands out the moments at which the requests of a constant arrival rate are due. The moments depend on
// the rate alone, never on the answers: a slow answer delays the requests behind it, and their latency counts
// that delay (no coordinated omission). It may be used by several goroutines.
type schedule struct {
	start  time.Time
	rate   float64 // requests a second
	length time.Duration
	next   atomic.Int64
}

// due returns the next moment; false when it lies behind the end.
func (s *schedule) due() (time.Time, bool) {
	n := s.next.Add(1) - 1
	offset := time.Duration(float64(n) / s.rate * float64(time.Second))
	return s.start.Add(offset), offset < s.length
}
