package testkit

import (
	"sync/atomic"
	"time"
)

// Clock runs with real time and can be moved forward. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now returns the time that the daemon uses.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
