package metric

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// anomalies are the counters that an operator should be woken by, and those of the audit log.
type anomalies struct {
	revokedUses prometheus.Counter
	shared      prometheus.Counter
	denials     *prometheus.CounterVec // caller
	lost        *prometheus.CounterVec // where
	breaks      prometheus.Counter
	operators   *prometheus.CounterVec // action
	actions     *vocabulary
}

func newAnomalies() anomalies {
	return anomalies{
		operators:   counters("admin_actions_total", "What operators did, by the verb.", "action"),
		actions:     newVocabulary(),
		revokedUses: counter("revoked_token_uses_total", "Access tokens shown after they, their grant or all tokens of their client were revoked."),
		denials:     counters("introspections_denied_total", "Live tokens reported inactive, because the caller may not introspect them, by who asked.", "caller"),
		shared:      counter("tokens_shared_total", "Tokens that audit.shared_token_callers different callers introspected on this server."),
		lost:        counters("audit_dropped_total", "Facts that did not get into the audit log: where is log for its copy in Redis, all for that and the lines.", "where"),
		breaks:      counter("audit_breaks_total", "Times that the audit log in Redis did not end where it must: it was tampered with, or Redis lost data."),
	}
}

func (a anomalies) all() []prometheus.Collector {
	return []prometheus.Collector{a.revokedUses, a.shared, a.denials, a.lost, a.breaks, a.operators}
}

func (a anomalies) start() {
	a.lost.WithLabelValues("all")
	a.lost.WithLabelValues("log")
}

func (a anomalies) emit(e event.Event) {
	switch e := e.(type) {
	case event.RevokedTokenUsed:
		a.revokedUses.Inc()
	case event.AdminAction:
		a.operators.WithLabelValues(a.actions.word(e.Action)).Inc()
	case event.TokenShared:
		a.shared.Inc()
	case event.AuditBroken:
		a.breaks.Inc()
	case event.AuditDropped:
		where := "all"
		if e.Where == "log" {
			where = e.Where
		}
		a.lost.WithLabelValues(where).Add(float64(e.Count))
	}
}

func (m *Metrics) countIntrospection(e event.TokenIntrospected) {
	m.introspected.WithLabelValues(strconv.FormatBool(e.Active), m.callers.word(string(e.Caller))).Inc()
	if e.Denied != "" {
		m.anomalies.denials.WithLabelValues(m.callers.word(string(e.Caller))).Inc()
	}
}
