package app

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
)

// How often the tasks run. The ring's is well below its Settle, so that a rotation out of turn has
// been read by every server before it serves.
const (
	ringEvery   = 5 * time.Second
	pulseEvery  = time.Second
	settleEvery = time.Second
	leastSweep  = 2 * time.Second
	countEvery  = 30 * time.Second
)

// startTasks runs what happens without a request, until Stop.
func (a *App) startTasks() {
	ctx, cancel := context.WithCancel(context.Background())
	a.tasks.Go(func() { a.rules.lease.Watch(ctx) })
	a.tasks.Go(func() {
		a.learnCosts(ctx)
		every(ctx, learnEvery, a.learnCosts)
	})
	a.tasks.Go(func() { every(ctx, ringEvery, a.turnRing) })
	a.tasks.Go(func() { every(ctx, pulseEvery, a.feelRedis) })
	a.tasks.Go(func() { every(ctx, settleEvery, a.settle) })
	// Several times within the pause, so that one daemon finds it over soon, whichever that is.
	a.tasks.Go(func() { every(ctx, max(a.config.Cleanup.Interval/5, leastSweep), a.sweep) })
	a.tasks.Go(func() {
		a.count(ctx)
		every(ctx, countEvery, a.count)
	})
	if a.certificates != nil {
		a.tasks.Go(func() { a.certificates.Watch(ctx, certificatesEvery, a.log) })
	}
	a.onStop("tasks", func(context.Context) error {
		cancel()
		a.tasks.Wait()
		return nil
	})
}

// every calls do at a pace until ctx ends.
func every(ctx context.Context, pace time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do(ctx)
		}
	}
}

// turnRing follows the key calendar. While it cannot, the ring is served as it was last read.
func (a *App) turnRing(ctx context.Context) {
	err := a.rules.ring.Turn(ctx)
	if ctx.Err() != nil {
		return
	}
	c := endpoint.Condition{Part: partKeys, State: endpoint.StateOK}
	if err != nil {
		c.State, c.Detail = endpoint.StateDegraded, "the key calendar stands still"
	}
	a.pulse.set(ctx, c, err)
}

func (a *App) feelRedis(ctx context.Context) {
	h, err := a.rules.stores.prober.Health(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		a.felt.Store(&h)
	}
	cause := err
	if cause == nil {
		cause = h.WriteError
	}
	a.pulse.set(ctx, redisCondition(h, err), cause)
}

// settle refunds guesses that were not made because Redis was away. What still cannot be refunded
// waits; the pulse reports that Redis is away.
func (a *App) settle(ctx context.Context) {
	for _, guard := range a.rules.guards {
		_ = guard.Refund(ctx)
	}
}

// sweep does what does not happen by a time to live alone, unless another daemon does.
func (a *App) sweep(ctx context.Context) {
	if _, err := a.rules.cleanup.Run(ctx, a.config.Cleanup.Interval); err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "the cleanup was not completed; it goes on later", "error", err.Error())
	}
}

// count looks how many sessions there are, for the metrics; while it cannot, the last number stands.
func (a *App) count(ctx context.Context) {
	if found, err := a.rules.stores.overview.Counts(ctx, a.options.Now()); err == nil {
		a.counted.Store(int64(found.Sessions))
	}
}

// learnEvery is the interval between two searches for new clients whose secrets take longer to check.
const learnEvery = time.Minute

func (a *App) learnCosts(ctx context.Context) {
	if err := a.rules.registry.LearnCosts(ctx); err != nil && ctx.Err() == nil {
		a.log.Debug("how long the secrets of clients take to check is not known yet", "error", err.Error())
	}
}
