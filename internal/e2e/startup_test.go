package e2e

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// refuses runs a command that must fail soon, with one line that contains some words.
func refuses(t *testing.T, env, args []string, words ...string) {
	t.Helper()
	began := time.Now()
	did := cli(t, append(slices.Clone(env), "OAUTH2D_LOG_LEVEL=info"), "", args...)
	if did.code == 0 || did.out != "" || strings.Count(did.err, "\n") != 1 || !strings.HasPrefix(did.err, "oauth2d: ") {
		t.Fatalf("exit code %d, printed %q and said:\n%s", did.code, did.out, did.err)
	}
	for _, word := range words {
		if !strings.Contains(did.err, word) {
			t.Errorf("not a word of %q in: %s", word, did.err)
		}
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if (strings.HasSuffix(name, "PASSWORD") || strings.HasSuffix(name, "KEY")) && value != "" && strings.Contains(did.err, value) {
			t.Errorf("%s stands in: %s", name, did.err)
		}
	}
	t.Logf("after %v: %s", time.Since(began).Round(time.Millisecond), strings.TrimSpace(did.err))
}

// A fault of Redis is reported in one line, with the remedy.
func TestStartupReportsFaultsOfRedis(t *testing.T) {
	t.Parallel()
	const password = "requirepass-of-this-test"
	guarded := redistest.Start(t, "requirepass "+password,
		"user weak on >weak-password ~auth:* +@all -@dangerous +info -zadd",
		"user blind on >blind-password ~cache:* +@all")
	evicting := redistest.Start(t, "maxmemory 100mb", "maxmemory-policy allkeys-lru")
	trusted, foreign, late := redistest.NewCertificate(t), redistest.NewCertificate(t), redistest.ExpiredCertificate(t)
	_, overTLS := redistest.StartTLS(t, trusted)
	_, expired := redistest.StartTLS(t, late)
	nobody := net.JoinHostPort("127.0.0.1", redistest.FreePort(t))
	for name, with := range map[string]struct {
		addr, user, password, ca string
		words                    []string
	}{
		"unreachable":         {nobody, "", "", "", []string{"nothing listens at " + nobody, "start Redis"}},
		"wrong password":      {guarded.Addr, "", "not-the-password", "", []string{"refuses the password of the default user", "configure the right one"}},
		"no password":         {guarded.Addr, "", "", "", []string{"wants a password and none is configured"}},
		"NOPERM":              {guarded.Addr, "weak", "weak-password", "", []string{`user "weak" may not run zadd`, "grant +zadd", "NOPERM"}},
		"NOPERM on keys":      {guarded.Addr, "blind", "blind-password", "", []string{`user "blind" may not touch keys`, "grant ~auth:*", "NOPERM"}},
		"S09 eviction policy": {evicting.Addr, "", "", "", []string{"maxmemory-policy allkeys-lru", "set maxmemory-policy noeviction"}},
		"wrong CA":            {overTLS, "", "", foreign.CA, []string{overTLS + " is not trusted", "configure the CA that signed it"}},
		"expired certificate": {expired, "", "", late.CA, []string{expired + " is not valid now", "expired", "renew it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := []string{"OAUTH2D_REDIS_ADDRS=" + with.addr, "OAUTH2D_REDIS_USERNAME=" + with.user, "OAUTH2D_REDIS_PASSWORD=" + with.password, "OAUTH2D_REDIS_START_TIMEOUT=0"}
			if with.ca != "" {
				env = append(env, "OAUTH2D_REDIS_TLS_ENABLED=true", "OAUTH2D_REDIS_TLS_CA_FILE="+with.ca)
			}
			s := newSite(t, "", "", env...)
			refuses(t, s.env, []string{"serve"}, with.words...)
			refuses(t, s.env, []string{"client", "list", "--direct"}, with.words...)
		})
	}
}

// Every mistake in the settings is reported in one line, with the remedy.
func TestStartupReportsFaultsOfTheSettings(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	dir := t.TempDir()
	yaml := write(t, dir, "misspelt.yaml", "redis:\n  mastername: mymaster\n")
	for name, with := range map[string]struct {
		env   []string
		args  []string
		words []string
	}{
		"unknown key":      {nil, []string{"--config", yaml}, []string{"redis.mastername: no such setting", "did you mean redis.master_name"}},
		"unknown variable": {[]string{"OAUTH2D_REDIS_ADDRESS=127.0.0.1:1"}, nil, []string{"OAUTH2D_REDIS_ADDRESS: no such setting", "did you mean OAUTH2D_REDIS_ADDRS"}},
		"unknown flag":     {nil, []string{"--set", "redis.mod=sentinel"}, []string{"redis.mod: no such setting", "redis.mode"}},
		"short master key": {[]string{"OAUTH2D_MASTER_KEY=c2hvcnQ="}, nil, []string{"master_key: holds 5 bytes, not 32", "openssl rand -base64 32"}},
		"no base64":        {[]string{"OAUTH2D_MASTER_KEY=%%%"}, nil, []string{"master_key: is not base64"}},
		"dev for all":      {nil, []string{"--dev", "--listen", "0.0.0.0:0"}, []string{"server.listen", "--dev", "127.0.0.1"}},
		"dev's admin":      {nil, []string{"--dev", "--admin-listen", "0.0.0.0:0"}, []string{"admin.listen", "--dev", "127.0.0.1"}},
		"no such issuer":   {[]string{"OAUTH2D_ISSUER=http://auth.example.com"}, nil, []string{"issuer", "loopback", "certificate"}},
		"TLS without key":  {[]string{"OAUTH2D_SERVER_TLS_CERT_FILE=" + yaml}, nil, []string{"server.tls", "both or neither"}},
		"no TLS files": {
			[]string{"OAUTH2D_SERVER_TLS_CERT_FILE=" + dir + "/cert.pem", "OAUTH2D_SERVER_TLS_KEY_FILE=" + dir + "/key.pem"},
			nil, []string{"server.tls", dir + "/cert.pem", "no such file", "hint: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, "", "", append(onRedis(redis), with.env...)...)
			refuses(t, s.env, append([]string{"serve"}, with.args...), with.words...)
		})
	}
	t.Run("another master key than before", func(t *testing.T) {
		t.Parallel()
		env := append(onRedis(redis), "OAUTH2D_REDIS_DB=2")
		first := newSite(t, "", "", env...)
		second := newSite(t, "", "", append(env, "OAUTH2D_ISSUER="+first.Issuer)...)
		first.cli(t, "", "key", "list", "--direct")
		refuses(t, second.env, []string{"serve"}, "master_key", "not the one", "master_key_previous")
		again := append(slices.Clone(second.env), "OAUTH2D_MASTER_KEY_PREVIOUS="+first.Key)
		if did := cli(t, again, "", "key", "list", "--direct"); did.code != 0 {
			t.Errorf("with the earlier key beside it: %s", did.err)
		}
	})
	t.Run("a port that is taken", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, "", "", onRedis(redis)...)
		refuses(t, append(s.env, "OAUTH2D_SERVER_LISTEN="+redis.Addr), []string{"serve"}, "server.listen", "another process")
	})
}

// dial opens a connection that the test closes.
func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	at := filepath.Join(dir, name)
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}
