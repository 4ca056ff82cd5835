package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/anomaly"
	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/store"
	"github.com/recipe-web-app/oauth2d/internal/tracing"
	"github.com/recipe-web-app/oauth2d/internal/upkeep"
)

// auditPatience bounds how long a stopping server waits for Redis to store the events that are still queued. The log
// reports how many were not stored.
const auditPatience = 3 * time.Second

// openAudit creates the audit log and the other receivers of events. The log starts to write when it gets its keys, and
// stops before the connection to Redis is closed.
func (a *App) openAudit(s store.Audit) event.Sink {
	o := audit.Options{
		Store: s, Keep: a.config.Audit.MaxEntries, Routine: a.config.Audit.RecordReads, Own: a.metrics, Log: a.log, Now: a.options.Now,
	}
	if a.config.Audit.Stdout {
		o.Lines = a.options.AuditTo
	}
	a.audit = audit.New(o)
	a.onStop("audit", func(ctx context.Context) error {
		stopAudit(ctx, a.audit)
		return nil // lost events are logged and counted
	})
	both := event.Sinks{a.metrics, a.audit}
	return append(both, anomaly.New(anomaly.Options{Next: both, Callers: a.config.Audit.SharedTokenCallers, Now: a.options.Now}), explainer{a.log})
}

// explainer logs the reason of an answer that hides it from the caller. It logs every such answer at level debug; the
// audit log has one a minute.
type explainer struct{ log *slog.Logger }

// Emit implements event.Sink.
func (x explainer) Emit(ctx context.Context, e event.Event) {
	if e, ok := e.(event.TokenIntrospected); ok && e.Denied != "" {
		x.log.DebugContext(ctx, "a live token was reported inactive, because the caller may not introspect it",
			"caller", e.Caller, "client_id", e.Client, "reason", e.Denied, "request_id", event.OriginOf(ctx).RequestID)
	}
}

func stopAudit(ctx context.Context, l *audit.Log) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	_ = l.Stop(ctx) // the audit log reports lost events itself
}

// watchState passes to the metrics the values that are read and not counted.
func (a *App) watchState() {
	a.counted.Store(-1)
	a.backups = upkeep.NewBackups(a.rules.stores.backups)
	a.metrics.Watch(metric.State{
		KeyAges:      func() []metric.KeyAge { return keyAges(a.rules.ring.List(), a.options.Now()) },
		SecretAges:   a.secrets.Ages,
		AuditWaiting: a.audit.Waiting,
		Sessions:     func() int { return int(a.counted.Load()) },
		Health:       a.pulse.values,
		Redis:        a.redisHealth,
		Certificates: a.certificateEnds.Ends,
		Backups:      a.backups.Last,
		KeyRotation:  a.config.Keys.RotateEvery,
	})
	a.expectLimits()
}

// redisHealth returns the last result of feelRedis.
func (a *App) redisHealth() (metric.RedisHealth, bool) {
	h := a.felt.Load()
	if h == nil {
		return metric.RedisHealth{}, false
	}
	return metric.RedisHealth{Evicted: h.Evicted, Used: h.UsedMemory, Limit: h.MaxMemory, Lost: h.Strict.Losses}, true
}

// keyAges selects the keys in use: of each use and algorithm the one that became active last.
func keyAges(keys []keyring.Info, now time.Time) []metric.KeyAge {
	var ages []metric.KeyAge
	seen := map[string]bool{}
	for _, k := range keys {
		if line := k.Use + " " + k.Algorithm; k.State == keyring.Active && !seen[line] {
			seen[line] = true
			ages = append(ages, metric.KeyAge{Use: k.Use, Algorithm: k.Algorithm, Age: now.Sub(k.Active)})
		}
	}
	return ages
}

func newTracing(ctx context.Context, c config.Tracing, version string, log *slog.Logger) (*tracing.Tracing, error) {
	headers := map[string]string{}
	for _, header := range c.Headers {
		name, value, _ := strings.Cut(header.Reveal(), "=")
		headers[name] = value
	}
	return tracing.New(ctx, tracing.Options{Endpoint: c.Endpoint, Headers: headers, OneIn: c.SampleOneIn, Version: version, Log: log})
}
