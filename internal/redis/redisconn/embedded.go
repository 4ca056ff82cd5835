package redisconn

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is the interval at which the time of the embedded server moves.
const tick = 100 * time.Millisecond

// embedded is a Redis in this process. It listens on a free port of the loopback address, behind a
// password that nobody else knows.
type embedded struct {
	server *miniredis.Miniredis
	quit   chan struct{}
	clock  sync.WaitGroup
}

func startEmbedded(password string) (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), quit: make(chan struct{})}
	e.server.RequireAuth(password)
	if err := e.server.Start(); err != nil {
		return nil, fmt.Errorf("redis: the embedded server does not start: %w", err)
	}
	e.clock.Go(e.run)
	return e, nil
}

// run moves the embedded server's time, which by itself stands still: with real time, as that of a separate Redis moves,
// whatever clock the rest of the process has.
func (e *embedded) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := <-ticker.C
	for {
		select {
		case <-e.quit:
			return
		case at := <-ticker.C:
			if elapsed := at.Sub(last); elapsed > 0 {
				e.server.FastForward(elapsed)
				last = at
			}
		}
	}
}

func (e *embedded) close() {
	close(e.quit)
	e.clock.Wait()
	e.server.Close()
}
