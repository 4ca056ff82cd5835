package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// shows fails when the metrics have no sample that begins so.
func shows(t *testing.T, text, sample string) {
	t.Helper()
	if !strings.Contains("\n"+text, "\n"+sample) {
		t.Errorf("the metrics have no %s", sample)
	}
}

// The end of every certificate in use is a metric: of the listener, of the client towards Redis, of the authority, and of
// the certificate that Redis presented.
func TestTheEndOfEveryCertificateIsAMetric(t *testing.T) {
	t.Parallel()
	certificate := redistest.NewCertificate(t)
	_, addr := redistest.StartTLS(t, certificate)
	d := testkit.Start(t, testkit.Redis(addr), func(c *config.Config) {
		c.Server.TLS = config.ServerTLS{CertFile: certificate.Cert, KeyFile: certificate.Key}
		c.Redis.TLS = config.RedisTLS{Enabled: true, CAFile: certificate.CA, CertFile: certificate.Cert, KeyFile: certificate.Key}
	})
	text := scraped(t, d, "")
	for _, use := range []string{"server", "redis_client", "redis_ca", "redis_server"} {
		_, rest, found := strings.Cut(text, fmt.Sprintf("\noauth2d_certificate_not_after_timestamp_seconds{use=%q} ", use))
		var end float64
		if _, err := fmt.Sscan(rest, &end); !found || err != nil {
			t.Errorf("%s: no end: %v", use, err)
			continue
		}
		if left := time.Until(time.Unix(int64(end), 0)); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("%s ends in %s, want a day", use, left)
		}
	}
}

// Every daemon shows the last backup, which another process recorded in Redis, and that there is none.
func TestTheLastBackupIsAMetric(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	none := testkit.Start(t, testkit.Redis(server.Addr))
	redistest.Eventually(t, 30*time.Second, "the absence of a backup is known", func() bool {
		return strings.Contains(scraped(t, none, ""), "\noauth2d_backup_last_success_timestamp_seconds{kind=\"auth\"} 0\n")
	})
	if strings.Contains(scraped(t, none, ""), `kind="cache"`) {
		t.Error("the cache without a backup has a series")
	}
	admin := server.Admin(t)
	for kind, at := range map[string]int64{"auth": 1_700_000_000_000, "cache": 1_600_000_000_000} {
		if err := admin.HSet(t.Context(), "auth:backup:"+kind, "at", at, "size", 4096).Err(); err != nil {
			t.Fatal(err)
		}
	}
	d := testkit.Start(t, testkit.Redis(server.Addr))
	redistest.Eventually(t, 30*time.Second, "the backup is known", func() bool {
		return strings.Contains(scraped(t, d, ""), "\noauth2d_backup_last_success_timestamp_seconds{kind=\"auth\"} 1.7e+09\n")
	})
	text := scraped(t, d, "")
	shows(t, text, `oauth2d_backup_last_success_timestamp_seconds{kind="cache"} 1.6e+09`)
	shows(t, text, `oauth2d_backup_last_size_bytes{kind="auth"} 4096`)
}

// What an alert counts has a series before its first event: Prometheus sees no increase in a series that begins at 1.
func TestSeriesOfAlertsBeginAtZero(t *testing.T) {
	t.Parallel()
	text := scraped(t, testkit.Start(t), "")
	for _, sample := range []string{
		`oauth2d_lockouts_total{rule="login_failures"} 0`,
		`oauth2d_lockouts_total{rule="client_failures_ip"} 0`,
		`oauth2d_limits_hit_total{rule="authorize_ip"} 0`,
		`oauth2d_logins_total{reason="wrong password",result="failed"} 0`,
		`oauth2d_http_requests_total{method="POST",route="/token",status="5xx"} 0`,
		`oauth2d_http_requests_total{method="GET",route="/authorize",status="5xx"} 0`,
		`oauth2d_key_rotation_interval_seconds 2.592e+06`,
	} {
		shows(t, text, sample)
	}
	if strings.Contains(text, `oauth2d_lockouts_total{rule="authorize_ip"}`) {
		t.Error("a rate has a series of lockouts")
	}
}
