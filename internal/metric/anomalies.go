package metric

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// anomalies are the counters that should alert an operator, and those of the audit log.
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
		operators:   counters("admin_actions_total", "Changes that operators made, by action.", "action"),
		actions:     newVocabulary(),
		revokedUses: counter("revoked_token_uses_total", "Access tokens presented after they, their grant or all tokens of their client were revoked."),
		denials:     counters("introspections_denied_total", "Live tokens reported inactive, because the caller may not introspect them, by caller.", "caller"),
		shared:      counter("tokens_shared_total", "Tokens that audit.shared_token_callers different callers introspected on this server."),
		lost:        counters("audit_dropped_total", "Events that were not written to the audit log. where: log means the copy in Redis, all means the copy and stdout.", "where"),
		breaks:      counter("audit_breaks_total", "How often the end of the audit log in Redis was not the expected one: it was tampered with, or Redis lost data."),
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
	grantType := "" // of an inactive token
	if e.Active {
		grantType = oneOf(e.GrantType, m.known.grantTypes)
	}
	m.introspected.WithLabelValues(strconv.FormatBool(e.Active), m.callers.word(string(e.Caller)), grantType).Inc()
	if e.Denied != "" {
		m.anomalies.denials.WithLabelValues(m.callers.word(string(e.Caller))).Inc()
	}
}
