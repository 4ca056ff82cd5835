//go:build upgrade

// Package upgrade_test replaces the previous release by this one under load, and rolls back: make test-upgrade builds
// both first.
package upgrade_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	phaseTime = 4 * time.Second         // of the load before and after each replacement
	settle    = 1500 * time.Millisecond // a daemon may use an earlier version of a client for a second
)

// lab is a Sentinel group with two daemons behind a balancer.
type lab struct {
	releases []release // the previous one and this one
	group    *redistest.Group
	balancer *balancer
	issuer   string
	env      []string
	web      testkit.Party
	jwt      atomic.Pointer[testkit.Party] // its secret changes under load
	workers  []*worker
	made     []made
	keys     map[string]bool // ids of the keys that were published
	audited  int             // entries of the audit log
}

func TestRollingUpdateAndRollback(t *testing.T) {
	l := newLab(t)
	before, now := l.releases[0], l.releases[1]
	for _, s := range l.balancer.servers {
		s.start(t, before, l.env)
	}
	l.register(t)
	l.phase(t, "previous release", func() {})
	l.inspect(t, "previous release")

	for _, turn := range []string{"first", "second"} {
		l.phase(t, turn+" rolling update", func() { l.replace(t, before, now, turn == "first") })
		l.inspect(t, "after the "+turn+" update")
		if turn == "second" {
			break
		}
		l.phase(t, "rollback", func() { l.replace(t, now, before, true) })
		l.inspect(t, "after the rollback")
	}
	for _, s := range l.balancer.servers {
		s.stop(t)
	}
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{keys: map[string]bool{}}
	for _, name := range []string{"PREVIOUS", "CURRENT"} {
		binary, err := filepath.Abs(filepath.Join("..", "..", os.Getenv(name)))
		if err != nil || os.Getenv(name) == "" {
			t.Fatalf("%s names no binary: run make test-upgrade", name)
		}
		version, err := exec.CommandContext(t.Context(), binary, "version").Output()
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(version), "\n")
		t.Logf("%s: %s", strings.ToLower(name), first)
		l.releases = append(l.releases, release{strings.ToLower(name), binary})
	}
	l.group = redistest.StartGroup(t, "appendonly yes")
	for _, s := range l.group.Sentinels { // a failover is not part of this: the busy machine must not cause one
		s.Do(t, "sentinel", "set", redistest.MasterName, "down-after-milliseconds", "30000")
	}
	l.balancer = newBalancer(t, 2)
	l.issuer = "http://" + l.balancer.address
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	l.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"OAUTH2D_ISSUER=" + l.issuer, "OAUTH2D_MASTER_KEY=" + base64.StdEncoding.EncodeToString(raw),
		"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_MASTER_NAME=" + redistest.MasterName, "OAUTH2D_REDIS_ADDRS=" + strings.Join(l.group.Addrs, ","),
		"OAUTH2D_REDIS_TIMEOUT=20s", "OAUTH2D_REDIS_DIAL_TIMEOUT=5s", "OAUTH2D_REDIS_READ_LEASE=10s", // the machine may be busy
		"OAUTH2D_SERVER_SHUTDOWN_DELAY=2s", "OAUTH2D_SESSION_LIMIT=100",
		"OAUTH2D_LIMITS_LOGIN_IP=off", "OAUTH2D_LIMITS_AUTHORIZE_IP=off", "OAUTH2D_LIMITS_PAGES_IP=off", "OAUTH2D_LIMITS_LOGIN_FAILURES=off",
		"OAUTH2D_PASSWORD_MEMORY=8192", "OAUTH2D_PASSWORD_TIME=1", // the cheapest that is allowed
		`OAUTH2D_SCOPES=[{"name": "read", "description": "read your recipes"}]`,
	}
	return l
}

// register makes the clients and people that are there before the first phase, by the previous release.
func (l *lab) register(t *testing.T) {
	t.Helper()
	binary := l.releases[0].binary
	flags := []string{"--direct", "--scope", scope, "--introspection", "any"}
	l.web = testkit.Party{Base: l.issuer, ID: "web", Secret: l.cli(t, binary, "", append([]string{
		"client", "create", "web", "--grant", "authorization_code,refresh_token,client_credentials", "--redirect-uri", testkit.Callback,
	}, flags...)...)}
	l.jwt.Store(&testkit.Party{Base: l.issuer, ID: "press", Secret: l.cli(t, binary, "", append([]string{
		"client", "create", "press", "--grant", "client_credentials", "--format", "jwt", "--audience", "https://api.example.com",
	}, flags...)...)})
	for i := range workers {
		name := "person" + string(rune('a'+i))
		l.cli(t, binary, password+"\n", "user", "create", name, "--direct", "--password-file", "-", "--email", name+"@example.com")
		l.workers = append(l.workers, &worker{lab: l, person: l.newPerson(t, name)})
	}
}

func (l *lab) newPerson(t *testing.T, name string) *testkit.Person {
	t.Helper()
	p := testkit.NewPerson(t)
	p.Name, p.Password = name, password
	return p
}

// cli runs a command that must succeed, and returns what it printed.
func (l *lab) cli(t *testing.T, binary, stdin string, words ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, words...)
	cmd.Env, cmd.Stdin = l.env, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		reason := ""
		if failed, ok := err.(*exec.ExitError); ok { //nolint:errorlint // nothing wraps it
			reason = string(failed.Stderr)
		}
		t.Errorf("oauth2d %s: %v\n%s", strings.Join(words, " "), err, reason)
	}
	return strings.TrimSpace(string(out))
}

// replace stops one daemon after the other and starts the other release in its place. While both work, an operator
// rotates keys and a client's secret.
func (l *lab) replace(t *testing.T, from, to release, rotate bool) {
	t.Helper()
	for i, s := range l.balancer.servers {
		s.stop(t)
		s.start(t, to, l.env)
		time.Sleep(phaseTime)
		if i > 0 || !rotate {
			continue
		}
		for _, use := range []string{"sign", "mac", "pepper"} {
			l.cli(t, to.binary, "", "key", "rotate", "--direct", "--use", use)
		}
		secret := l.cli(t, from.binary, "", "client", "rotate-secret", "press", "--direct")
		time.Sleep(settle)
		l.jwt.Store(&testkit.Party{Base: l.issuer, ID: "press", Secret: secret})
		time.Sleep(phaseTime)
	}
}

// published returns the ids of the keys that the daemons publish now.
func (l *lab) published(t *testing.T) []string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.issuer+"/.well-known/jwks.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	list, _ := testkit.Do(t, request).Fields["keys"].([]any)
	for _, one := range list {
		key, _ := one.(map[string]any)
		id, _ := key["kid"].(string)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// form is a request for a token on a client's own behalf.
func form() url.Values { return url.Values{"grant_type": {"client_credentials"}} }
