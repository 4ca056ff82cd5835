package metric

import (
	"context"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// Emit implements event.Sink: it counts every event. It ignores events without a counter.
func (m *Metrics) Emit(_ context.Context, e event.Event) {
	switch e := e.(type) {
	case event.TokenIssued:
		m.issued.WithLabelValues(oneOf(e.GrantType, m.known.grantTypes), oneOf(string(e.Format), m.known.formats), strconv.FormatBool(e.Refresh)).Inc()
	case event.TokenDenied:
		m.denied.WithLabelValues(oneOf(e.GrantType, m.known.grantTypes), m.codes.word(string(e.Code))).Inc()
	case event.CredentialPresented:
		m.credentials.WithLabelValues(oneOf(string(e.Kind), m.known.kinds), oneOf(string(e.Verdict), m.known.verdicts)).Inc()
	case event.CodeReplayed:
		m.codeReplays.Inc()
	case event.RefreshReused:
		m.reuses.Inc()
	case event.TokenRevoked:
		if !e.Outcome.IsDone() {
			return
		}
		m.revocations.WithLabelValues(oneOf(string(e.Revoked), m.known.revoked)).Inc()
	case event.TokenIntrospected:
		m.countIntrospection(e)
	case event.KeyChanged:
		m.keyChanges.WithLabelValues(m.uses.word(e.Use), m.uses.word(string(e.Change))).Inc()
	case event.LimitHit:
		m.limitsHit.WithLabelValues(m.rules.word(e.Rule)).Inc()
	case event.LockedOut:
		m.lockouts.WithLabelValues(m.rules.word(e.Rule)).Inc()
	case event.CleanupRan:
		m.cleanups.WithLabelValues(m.rules.word(e.Result)).Inc()
		m.cleaned.Add(float64(e.Removed))
	default:
		m.emitOfPeople(e)
	}
}

func (m *Metrics) emitOfPeople(e event.Event) {
	switch e := e.(type) {
	case event.LoginSucceeded:
		m.logins.WithLabelValues("succeeded", "").Inc()
	case event.LoginFailed:
		m.logins.WithLabelValues("failed", m.reasons.word(e.Reason)).Inc()
	case event.SessionEnded:
		if !e.Outcome.IsDone() {
			return
		}
		m.ended.WithLabelValues(m.reasons.word(e.Reason)).Inc()
	case event.ConsentGiven:
		if !e.Outcome.IsDone() {
			return
		}
		m.consents.WithLabelValues("given").Inc()
	case event.ConsentDenied:
		m.consents.WithLabelValues("denied").Inc()
	case event.ClientAuthenticated:
		m.clientAuth.WithLabelValues(oneOf(string(e.Method), m.known.authMethods), "succeeded", "").Inc()
	case event.ClientAuthFailed:
		m.clientAuth.WithLabelValues(oneOf(string(e.Method), m.known.authMethods), "failed", m.reasons.word(e.Reason)).Inc()
	default:
		m.anomalies.emit(e)
	}
}
