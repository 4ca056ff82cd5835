package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// The parts whose state health reports.
const (
	partRedis      = "redis"
	partDurability = "durability" // whether changes can be acknowledged, with strict durability
	partKeys       = "keys"
)

// pulse holds the state of the parts, as the tasks last observed it. It is safe for concurrent use.
type pulse struct {
	log *slog.Logger

	mu    sync.Mutex
	parts map[string]endpoint.Condition
	order []string
	loud  bool // whether changes are logged
}

// newPulse returns a pulse in which every part is well, because the start has just succeeded.
func newPulse(log *slog.Logger, parts ...string) *pulse {
	p := &pulse{log: log, parts: map[string]endpoint.Condition{}, order: parts}
	for _, part := range parts {
		p.parts[part] = endpoint.Condition{Part: part, State: endpoint.StateOK}
	}
	return p
}

// speak begins to log changes, and logs every part that is not well now. Before the server starts nothing is logged:
// the error of the start reports a fault once.
func (p *pulse) speak(ctx context.Context) {
	p.mu.Lock()
	p.loud = true
	p.mu.Unlock()
	for _, c := range p.Probe(ctx) {
		if c.State != endpoint.StateOK || c.Detail != "" {
			p.tell(ctx, c, nil)
		}
	}
}

// Probe returns the conditions from memory, so that probes cost nothing.
func (p *pulse) Probe(context.Context) []endpoint.Condition {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]endpoint.Condition, len(p.order))
	for i, part := range p.order {
		all[i] = p.parts[part]
	}
	return all
}

// values returns the conditions as numbers, for the metrics.
func (p *pulse) values() []metric.PartHealth {
	var all []metric.PartHealth
	for _, c := range p.Probe(context.Background()) {
		value := map[endpoint.State]float64{endpoint.StateOK: 1, endpoint.StateDegraded: 0.5}[c.State] // down is 0
		all = append(all, metric.PartHealth{Part: c.Part, Value: value})
	}
	return all
}

// set records the state of a part. A change is logged once; cause is only for the log.
func (p *pulse) set(ctx context.Context, now endpoint.Condition, cause error) {
	p.mu.Lock()
	before := p.parts[now.Part]
	p.parts[now.Part] = now
	loud := p.loud
	p.mu.Unlock()
	if loud && before != now {
		p.tell(ctx, now, cause)
	}
}

func (p *pulse) tell(ctx context.Context, now endpoint.Condition, cause error) {
	level := slog.LevelInfo
	switch now.State {
	case endpoint.StateDown:
		level = slog.LevelError
	case endpoint.StateDegraded:
		level = slog.LevelWarn
	case endpoint.StateOK:
		if now.Detail != "" { // the part works, but an operator should know the detail
			level = slog.LevelWarn
		}
	}
	attributes := []slog.Attr{slog.String("part", now.Part), slog.String("state", string(now.State)), slog.String("detail", now.Detail)}
	if cause != nil {
		attributes = append(attributes, slog.String("error", cause.Error()))
	}
	p.log.LogAttrs(ctx, level, "health changed", attributes...)
}

// redisCondition rates the state that Redis reports about itself.
func redisCondition(h probe.Health, err error) endpoint.Condition {
	c := endpoint.Condition{Part: partRedis, State: endpoint.StateOK}
	switch {
	case err != nil:
		c.State, c.Detail = endpoint.StateDown, "no answer"
	case h.DataLost:
		c.State, c.Detail = endpoint.StateDown, "the data set is gone, or was replaced by another"
	case h.Role != "master":
		c.State, c.Detail = endpoint.StateDown, "no master"
	case h.WriteError != nil:
		c.State, c.Detail = endpoint.StateDegraded, refusalWords(h.WriteError)
	case h.Evicted > 0 || h.Policy != "noeviction":
		c.State, c.Detail = endpoint.StateDegraded, "may lose state: the memory policy evicts keys"
	case h.Persistence == probe.PersistsNothing && h.Mode != redisconn.Embedded, h.Durability == redisconn.Strict && !h.AOF:
		c.State, c.Detail = endpoint.StateDegraded, h.Persistence.Risk()+"; appendonly is off"
	case h.MaxMemory > 0 && h.UsedMemory > h.MaxMemory/10*9:
		c.State, c.Detail = endpoint.StateDegraded, "memory is nearly full"
	case h.Mode != redisconn.Embedded:
		c.Detail = h.Persistence.Risk() // doctor warns about it as well; requests are served
	}
	return c
}

// refusalWords returns why changes are refused.
func refusalWords(err error) string {
	words := map[string]string{
		outcome.Misconf:     "changes are refused: Redis cannot save to disk (MISCONF)",
		outcome.OOM:         "changes are refused: Redis is full (OOM)",
		outcome.ReadOnly:    "changes are refused: the server is read-only, or has too few replicas (READONLY, NOREPLICAS)",
		outcome.NoPerm:      "changes are refused: the user lost a permission or its password (NOPERM)",
		outcome.Unconfirmed: "changes are not confirmed by every replica that must have them",
		outcome.NoMaster:    "changes wait for a master",
	}
	if text := words[outcome.Refusal(err)]; text != "" {
		return text
	}
	return "changes are not answered in time"
}

// durability records the state of strict durability. It is called often.
func (p *pulse) durability(s redisconn.State) {
	c := endpoint.Condition{Part: partDurability, State: endpoint.StateOK}
	switch {
	case s.DataLost:
		c.State, c.Detail = endpoint.StateDown, "the data set was replaced by another"
	case !s.Serving && !s.Lease:
		c.State, c.Detail = endpoint.StateDown, "no master that the Sentinels agree on"
	case !s.Serving:
		c.State, c.Detail = endpoint.StateDown, "changes cannot be acknowledged"
	case s.Losses > 0:
		c.State, c.Detail = endpoint.StateDegraded, "acknowledged changes were lost"
	}
	p.set(context.Background(), c, nil)
}
