package redisconn

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how often the embedded server learns how late it is.
const tick = 100 * time.Millisecond

// embedded is a Redis in this process. It listens on a free port of the loopback address, behind a
// password that nobody else knows.
type embedded struct {
	server *miniredis.Miniredis
	quit   chan struct{}
	clock  sync.WaitGroup
}

func startEmbedded(password string, now func() time.Time) (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), quit: make(chan struct{})}
	e.server.RequireAuth(password)
	if err := e.server.Start(); err != nil {
		return nil, fmt.Errorf("redis: the embedded server does not start: %w", err)
	}
	e.clock.Go(func() { e.run(now) })
	return e, nil
}

// run moves the embedded server's time, which by itself stands still.
func (e *embedded) run(now func() time.Time) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := now()
	for {
		select {
		case <-e.quit:
			return
		case <-ticker.C:
			if elapsed := now().Sub(last); elapsed > 0 {
				e.server.FastForward(elapsed)
				last = last.Add(elapsed)
			}
		}
	}
}

func (e *embedded) close() {
	close(e.quit)
	e.clock.Wait()
	e.server.Close()
}
