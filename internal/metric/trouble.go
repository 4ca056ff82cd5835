package metric

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// signs are the counters that an operator should be woken by, and those of the audit log.
type signs struct {
	revokedUses prometheus.Counter
	spreads     prometheus.Counter
	denials     *prometheus.CounterVec // caller
	lost        *prometheus.CounterVec // where
	breaks      prometheus.Counter
	operators   *prometheus.CounterVec // action
	actions     *vocabulary
}

func newSigns() signs {
	return signs{
		operators:   counters("admin_actions_total", "What operators did, by the verb.", "action"),
		actions:     newVocabulary(),
		revokedUses: counter("revoked_token_uses_total", "Access tokens shown after they, their grant or all tokens of their client were revoked."),
		denials:     counters("introspections_denied_total", "Live tokens reported inactive, because the caller may not introspect them, by who asked.", "caller"),
		spreads:     counter("tokens_spread_total", "Tokens that audit.shared_token_callers different callers introspected on this server."),
		lost:        counters("audit_dropped_total", "Facts that did not get into the audit log: where is log for its copy in Redis, all for that and the lines.", "where"),
		breaks:      counter("audit_breaks_total", "Times that the audit log in Redis did not end where it must: it was tampered with, or Redis lost data."),
	}
}

func (s signs) all() []prometheus.Collector {
	return []prometheus.Collector{s.revokedUses, s.spreads, s.denials, s.lost, s.breaks, s.operators}
}

func (s signs) start() {
	s.lost.WithLabelValues("all")
	s.lost.WithLabelValues("log")
}

func (s signs) emit(e event.Event) {
	switch e := e.(type) {
	case event.RevokedTokenUsed:
		s.revokedUses.Inc()
	case event.AdminAction:
		s.operators.WithLabelValues(s.actions.word(e.Action)).Inc()
	case event.TokenSpread:
		s.spreads.Inc()
	case event.AuditBroken:
		s.breaks.Inc()
	case event.AuditDropped:
		where := "all"
		if e.Where == "log" {
			where = e.Where
		}
		s.lost.WithLabelValues(where).Add(float64(e.Count))
	}
}

func (m *Metrics) countIntrospection(e event.TokenIntrospected) {
	m.introspected.WithLabelValues(strconv.FormatBool(e.Active), m.callers.word(e.Caller)).Inc()
	if e.Denied != "" {
		m.signs.denials.WithLabelValues(m.callers.word(e.Caller)).Inc()
	}
}
