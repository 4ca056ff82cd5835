package testkit

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that runs with real time and can be moved ahead. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now is the time the daemon believes in.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }
