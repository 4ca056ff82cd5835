package metric_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func supported() oauth.Supported {
	return oauth.Supported{
		GrantTypes:  []oauth.GrantType{{Name: oauth.GrantAuthorizationCode}, {Name: oauth.GrantClientCredentials}, {Name: oauth.GrantRefreshToken}},
		AuthMethods: []oauth.ClientAuth{{Name: oauth.AuthBasic}, {Name: oauth.AuthPost}, {Name: oauth.AuthNone}},
	}
}

// series returns every sample under its name{label="value",...}.
func series(t *testing.T, m *metric.Metrics) map[string]float64 {
	t.Helper()
	var text strings.Builder
	if err := m.Write(&text, metric.Text); err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for line := range strings.Lines(text.String()) {
		name, number, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			name += "}"
		} else {
			name, number, _ = strings.Cut(name, " ")
		}
		if !strings.HasPrefix(line, "#") {
			value, err := strconv.ParseFloat(number, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			all[name] = value
		}
	}
	return all
}

func TestEveryFactIsCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fact event.Event
		want string
	}{
		{event.TokenIssued{Client: "c", GrantType: "refresh_token", Format: "jwt", Refresh: true}, `oauth2d_tokens_issued_total{format="jwt",grant_type="refresh_token",refresh="true"}`},
		{event.TokenDenied{GrantType: "password", Code: "unsupported_grant_type"}, `oauth2d_token_requests_denied_total{code="unsupported_grant_type",grant_type="other"}`},
		{event.CredentialPresented{Kind: "refresh_token", Verdict: "advanced"}, `oauth2d_credentials_presented_total{kind="refresh_token",verdict="advanced"}`},
		{event.CodeReplayed{}, `oauth2d_code_replays_total`},
		{event.RefreshReused{}, `oauth2d_refresh_reuses_total`},
		{event.TokenRevoked{Revoked: event.RevokedGrant}, `oauth2d_revocations_total{revoked="grant"}`},
		{event.TokenIntrospected{Caller: "Web_1", Active: true, GrantType: "client_credentials"}, `oauth2d_introspections_total{active="true",caller="Web_1",grant_type="client_credentials"}`},
		{event.TokenIntrospected{Caller: "Web_1", Denied: "not_its_token"}, `oauth2d_introspections_denied_total{caller="Web_1"}`},
		{event.RevokedTokenUsed{}, `oauth2d_revoked_token_uses_total`},
		{event.AdminAction{Action: "client.change"}, `oauth2d_admin_actions_total{action="client.change"}`},
		{event.TokenShared{}, `oauth2d_tokens_shared_total`},
		{event.AuditBroken{}, `oauth2d_audit_breaks_total`},
		{event.AuditDropped{Count: 1}, `oauth2d_audit_dropped_total{where="all"}`},
		{event.AuditDropped{Where: "log", Count: 1}, `oauth2d_audit_dropped_total{where="log"}`},
		{event.LoginSucceeded{User: "u"}, `oauth2d_logins_total{reason="",result="succeeded"}`},
		{event.LoginFailed{Reason: "password"}, `oauth2d_logins_total{reason="password",result="failed"}`},
		{event.SessionEnded{Reason: "limit"}, `oauth2d_sessions_ended_total{reason="limit"}`},
		{event.ConsentGiven{}, `oauth2d_consents_total{decision="given"}`},
		{event.ConsentDenied{}, `oauth2d_consents_total{decision="denied"}`},
		{event.ClientAuthenticated{Method: "none"}, `oauth2d_client_authentications_total{method="none",reason="",result="succeeded"}`},
		{event.ClientAuthFailed{Method: "client_secret_basic", Reason: "secret"}, `oauth2d_client_authentications_total{method="client_secret_basic",reason="secret",result="failed"}`},
		{event.KeyChanged{Use: "signing", Change: "promoted"}, `oauth2d_key_changes_total{change="promoted",use="signing"}`},
	} {
		m := metric.New("test", supported())
		before := series(t, m)[c.want]
		m.Emit(context.Background(), c.fact)
		if got := series(t, m)[c.want]; got != before+1 {
			t.Errorf("%s: %s = %v, want %v", c.fact.Name(), c.want, got, before+1)
		}
	}
}

func TestW15_NothingThatACallerSendsBecomesALabel(t *testing.T) {
	t.Parallel()
	m := metric.New("test", supported())
	const secret = "S3cr3t-From-The-Wire"
	m.Emit(context.Background(), event.TokenDenied{GrantType: secret, Code: secret, Client: secret})
	m.Emit(context.Background(), event.LoginFailed{Reason: secret})
	m.Emit(context.Background(), event.ClientAuthFailed{Method: secret, Client: secret, Reason: secret})
	m.RequestBegan()
	m.RequestDone(metric.Request{Route: "/token", Method: secret, Status: 200, Took: time.Millisecond})
	m.RedisCall(secret, secret, time.Millisecond)
	for name := range series(t, m) {
		if strings.Contains(name, secret) {
			t.Errorf("a label holds what was sent: %s", name)
		}
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m := metric.New("test", supported())
	for i := range 1000 {
		m.Emit(context.Background(), event.LoginFailed{Reason: fmt.Sprintf("reason-%d", i)})
	}
	logins := 0
	for name := range series(t, m) {
		if strings.HasPrefix(name, "oauth2d_logins_total{") {
			logins++
		}
	}
	if logins > 70 {
		t.Errorf("%d series of one label", logins)
	}
}

func TestRequestsAndRedisCalls(t *testing.T) {
	t.Parallel()
	m := metric.New("v1", supported())
	m.RequestBegan()
	m.RequestBegan()
	m.RequestDone(metric.Request{Route: "/token", Method: "POST", Status: 401, Took: 3 * time.Millisecond, Trace: "0af7651916cd43dd8448eb211c80319c"})
	m.RequestDone(metric.Request{Route: "/token", Method: "BREW", Status: 999, Took: 3 * time.Millisecond})
	m.RequestBegan()
	m.RedisCall("grants.advance", "ok", time.Millisecond)
	all := series(t, m)
	for name, want := range map[string]float64{
		`oauth2d_http_requests_total{method="POST",route="/token",status="4xx"}`:           1,
		`oauth2d_http_requests_total{method="other",route="/token",status="other"}`:        1,
		`oauth2d_http_request_duration_seconds_count{method="POST",route="/token"}`:        1,
		`oauth2d_http_requests_in_flight`:                                                  1,
		`oauth2d_redis_calls_total{result="ok",verb="grants.advance"}`:                     1,
		`oauth2d_redis_call_duration_seconds_count{verb="grants.advance"}`:                 1,
		`oauth2d_build_info{version="v1"}`:                                                 1,
		`oauth2d_client_authentications_total{method="none",reason="",result="succeeded"}`: 0,
	} {
		if got, ok := all[name]; !ok || got != want {
			t.Errorf("%s = %v (%v), want %v", name, got, ok, want)
		}
	}
	if _, ok := all["go_goroutines"]; !ok {
		t.Error("the Go runtime's metrics are missing")
	}
}

// A flood of client ids, registered or invented, creates a bounded number of series.
func TestAFloodOfClients(t *testing.T) {
	t.Parallel()
	m := metric.New("test", supported())
	before := len(series(t, m))
	for i := range 10_000 {
		id := fmt.Sprintf("client-%d", i)
		client, user, actor, jti := oauth.ClientID(id), oauth.UserID(id), event.Actor(id), event.TokenID(id)
		for _, fact := range []event.Event{
			event.TokenIssued{Client: client, User: user, GrantType: id, Format: oauth.TokenFormat(id)}, event.TokenDenied{Client: client, GrantType: id, Code: oauth.Code(id)},
			event.CredentialPresented{Client: client, Kind: event.CredentialKind(id), Verdict: oauth.Verdict(id)}, event.TokenRevoked{By: actor, Client: client, Revoked: event.Revoked(id)},
			event.TokenIntrospected{Caller: client, Client: client, Token: jti, Active: i%2 == 0}, event.ClientAuthenticated{Client: client, Method: oauth.AuthMethod(id)},
			event.ClientAuthFailed{Client: client, Method: oauth.AuthMethod(id)}, event.CodeReplayed{Client: client}, event.RefreshReused{Client: client},
			event.LimitHit{Client: client}, event.LockedOut{Client: client, User: user}, event.RevokedTokenUsed{Client: client, Caller: client},
			event.TokenShared{Client: client, Token: jti}, event.AdminAction{Actor: actor, Action: id, Target: id}, event.AuditDropped{Where: id},
		} {
			m.Emit(context.Background(), fact)
		}
	}
	if grown := len(series(t, m)) - before; grown > 250 {
		t.Errorf("%d new series", grown)
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	m := metric.New("test", supported())
	sessions := -1
	m.Watch(metric.State{
		SecretAges:   func() map[string]time.Duration { return map[string]time.Duration{"master_key": time.Hour} },
		KeyAges:      func() []metric.KeyAge { return []metric.KeyAge{{Use: "sign", Algorithm: "ES256", Age: time.Minute}} },
		AuditWaiting: func() int { return 3 },
		Sessions:     func() int { return sessions },
		Health:       func() []metric.PartHealth { return []metric.PartHealth{{Part: "redis", Value: 0.5}} },
		Redis: func() (metric.RedisHealth, bool) {
			return metric.RedisHealth{Evicted: 4, Used: 50, Limit: 100, Lost: 1}, sessions >= 0
		},
	})
	if _, there := series(t, m)["oauth2d_sessions_active"]; there {
		t.Error("sessions before they were counted")
	}
	sessions = 7
	all := series(t, m)
	for name, want := range map[string]float64{
		`oauth2d_key_age_seconds{algorithm="ES256",use="sign"}`: 60, `oauth2d_secret_age_seconds{secret="master_key"}`: 3600, "oauth2d_audit_queue_length": 3, "oauth2d_sessions_active": 7,
		`oauth2d_health{part="redis"}`: 0.5, "oauth2d_redis_evicted_keys": 4, "oauth2d_redis_memory_used_bytes": 50,
		"oauth2d_redis_memory_limit_bytes": 100, "oauth2d_redis_losses": 1,
	} {
		if all[name] != want {
			t.Errorf("%s = %v, want %v", name, all[name], want)
		}
	}
}

// Only OpenMetrics has exemplars; a reader that does not ask for it gets the older format.
func TestExemplars(t *testing.T) {
	t.Parallel()
	m := metric.New("test", supported())
	m.RequestBegan()
	m.RequestDone(metric.Request{Route: "/token", Method: "POST", Status: 200, Took: time.Millisecond, Trace: "0af7651916cd43dd8448eb211c80319c"})
	for accept, shown := range map[string]bool{"": false, "text/plain": false, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5": true} {
		t.Run(accept, func(t *testing.T) {
			var text strings.Builder
			if err := m.Write(&text, metric.FormatFor(accept)); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text.String(), `# {trace_id="0af7651916cd43dd8448eb211c80319c"}`) != shown || strings.HasSuffix(text.String(), "# EOF\n") != shown {
				t.Errorf("%q: exemplar shown %v", accept, !shown)
			}
		})
	}
}
