package probe_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// The check recognises the kind of server behind an address, and its error is one clear line. Waiting helps against none
// of these.
func TestF_N11_TheWrongServerIsRecognised(t *testing.T) {
	t.Parallel()
	certificate := redistest.NewCertificate(t)
	tlsPort := redistest.FreePort(t)
	server := redistest.Start(t, "tls-port "+tlsPort, "tls-cert-file "+certificate.Cert, "tls-key-file "+certificate.Key,
		"tls-ca-cert-file "+certificate.CA, "tls-auth-clients no")
	mutualPort := redistest.FreePort(t)
	redistest.Start(t, "tls-port "+mutualPort, "tls-cert-file "+certificate.Cert, "tls-key-file "+certificate.Key,
		"tls-ca-cert-file "+certificate.CA)
	sentinel := redistest.StartGroup(t).Addrs[0]
	secured := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // G402: a test's own server
	for name, test := range map[string]struct {
		mode redisconn.Mode
		addr string
		tls  *tls.Config
		want string
	}{
		"a Redis for a Sentinel":      {redisconn.Sentinel, server.Addr, nil, "is a Redis server, not a Sentinel: configure the addresses of the Sentinels"},
		"a Sentinel for a Redis":      {redisconn.Standalone, sentinel, nil, "is a Sentinel, not a Redis server: set redis.mode to sentinel"},
		"TLS at a plain port":         {redisconn.Standalone, server.Addr, secured, "does not speak TLS: set redis.tls.enabled to false"},
		"TLS at a plain Sentinel":     {redisconn.Sentinel, sentinel, secured, "does not speak TLS: set redis.tls.enabled to false"},
		"plain at a TLS port":         {redisconn.Standalone, "127.0.0.1:" + tlsPort, nil, "speaks TLS: set redis.tls.enabled to true"},
		"plain at a mutual TLS port":  {redisconn.Standalone, "127.0.0.1:" + mutualPort, nil, "speaks TLS: set redis.tls.enabled to true"},
		"plain Sentinel at TLS Redis": {redisconn.Sentinel, "127.0.0.1:" + tlsPort, nil, "speaks TLS: set redis.tls.enabled to true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := redisconn.Open(t.Context(), redisconn.Options{
				Mode: test.mode, Addrs: []string{test.addr}, MasterName: redistest.MasterName, TLS: test.tls, DialTimeout: 2 * time.Second, Timeout: 3 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			err = probe.New(db).Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || probe.Passing(err) {
				t.Errorf("told (passing %t): %v\nwant %s", probe.Passing(err), err, test.want)
			}
		})
	}
}
