package app

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/rotation"
)

// The intervals of the tasks. The interval of the key ring is well below its Settle, so that every server has read an
// unscheduled rotation before it takes effect.
const (
	ringEvery   = 5 * time.Second
	pulseEvery  = time.Second
	settleEvery = time.Second
	leastSweep  = 2 * time.Second
	countEvery  = 30 * time.Second
)

// startTasks starts the background tasks, until Stop.
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
	a.tasks.Go(func() { every(ctx, rotation.NoteInterval, func(ctx context.Context) { _ = a.secrets.Note(ctx) }) }) // the next one repeats it
	// Check several times within the interval, so that some daemon soon finds that it is over.
	a.tasks.Go(func() { every(ctx, max(a.config.Cleanup.Interval/5, leastSweep), a.sweep) })
	a.tasks.Go(func() {
		a.count(ctx)
		every(ctx, countEvery, a.count)
	})
	a.tasks.Go(func() { every(ctx, certificatesEvery, a.certificateEnds.Read) })
	if a.certificates != nil {
		a.tasks.Go(func() {
			every(ctx, certificatesEvery, func(context.Context) { a.certificates.Follow(a.log) })
		})
	}
	a.onStop("tasks", func(context.Context) error {
		cancel()
		a.tasks.Wait()
		return nil
	})
}

// every calls do at an interval until ctx ends.
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

// turnRing follows the key calendar. When that fails, the ring stays as it was last read.
func (a *App) turnRing(ctx context.Context) {
	err := a.rules.ring.Turn(ctx)
	if ctx.Err() != nil {
		return
	}
	c := endpoint.Condition{Part: partKeys, State: endpoint.StateOK}
	if err != nil {
		c.State, c.Detail = endpoint.StateDegraded, "the key rotation does not run"
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

// settle refunds attempts that were not checked because of a Redis outage. Refunds that fail stay queued; health
// reports the outage.
func (a *App) settle(ctx context.Context) {
	for _, guard := range a.rules.guards {
		_ = guard.Refund(ctx)
	}
}

// sweep removes entries that do not expire by themselves, unless another daemon does so.
func (a *App) sweep(ctx context.Context) {
	if _, err := a.rules.cleanup.Run(ctx, a.config.Cleanup.Interval); err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "the cleanup was not completed; it continues later", "error", err.Error())
	}
}

// count counts the sessions for the metrics, and reads the last backups; when that fails, the last numbers stay.
func (a *App) count(ctx context.Context) {
	a.backups.Read(ctx)
	if found, err := a.rules.stores.overview.Counts(ctx, a.options.Now()); err == nil {
		a.counted.Store(int64(found.Sessions))
	}
}

// learnEvery is the interval at which the daemon checks for clients whose secrets take longer to verify.
const learnEvery = time.Minute

func (a *App) learnCosts(ctx context.Context) {
	if err := a.rules.registry.LearnCosts(ctx); err != nil && ctx.Err() == nil {
		a.log.Debug("the time to verify client secrets is not known yet", "error", err.Error())
	}
}
