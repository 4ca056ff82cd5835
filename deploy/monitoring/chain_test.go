//go:build monitoring

// Package monitoring_test runs the whole chain on loopback: two daemons under load on a real Sentinel group, a cache, the
// exporters, Prometheus and Alertmanager as deploy-monitoring starts them, and a webhook. make test-monitoring runs it.
package monitoring_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const root = "../.."

// chain is everything that runs.
type chain struct {
	dir, local string
	environ    []string
	bases      [2]string // of the daemons
	operators  [2]string
	second     *exec.Cmd // the daemon that the scripts did not start
	prometheus string
	hook       *hook
	cache      *redis.Client
	passwords  map[string]string
	clients    map[string]testkit.Party
}

// freePorts returns different ports that nobody listens on.
func freePorts(t *testing.T, count int) []string {
	t.Helper()
	ports := make([]string, count)
	listeners := make([]net.Listener, 0, count)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, listener)
		_, ports[i], _ = net.SplitHostPort(listener.Addr().String())
	}
	for _, listener := range listeners {
		_ = listener.Close()
	}
	return ports
}

// newChain starts everything, and stops it at the end of the test.
func newChain(t *testing.T) *chain {
	t.Helper()
	ports := freePorts(t, 16)
	c := &chain{dir: t.TempDir(), hook: newHook(t), passwords: map[string]string{}, clients: map[string]testkit.Party{}}
	c.local = filepath.Join(c.dir, "local")
	c.bases = [2]string{"http://127.0.0.1:" + ports[6], "http://127.0.0.1:" + ports[8]}
	c.operators = [2]string{"127.0.0.1:" + ports[7], "127.0.0.1:" + ports[9]}
	c.prometheus = "http://127.0.0.1:" + ports[11]
	binary, err := filepath.Abs(root + "/build/oauth2d")
	if err != nil {
		t.Fatal(err)
	}
	c.environ = append(os.Environ(), "LOCAL_DIR="+c.local, "LOCAL_BINARY="+binary, "HA_REDIS_PORTS="+strings.Join(ports[:3], " "),
		"HA_SENTINEL_PORTS="+strings.Join(ports[3:6], " "), "OAUTH2D_ISSUER="+c.bases[0], "OAUTH2D_CLEANUP_INTERVAL=10s",
		"OAUTH2D_AUDIT_SHARED_TOKEN_CALLERS=2", "OAUTH2D_LIMITS_TOKEN=off", "MONITORING_DAEMONS="+strings.Join(c.operators[:], " "),
		"MONITORING_CACHE=127.0.0.1:"+ports[10], "MONITORING_PORTS="+strings.Join(ports[11:], " "), "ALERT_WEBHOOK="+c.hook.url,
		`OAUTH2D_SCOPES=[{"name": "read", "description": "read"}, {"name": "write", "description": "write"}]`)
	t.Cleanup(func() { _, _ = c.try("cleanup", "--local", "--delete-data", "--yes") })
	c.script(t, "deploy", c.listen(0), "--local")
	raw, err := os.ReadFile(filepath.Join(c.local, "redis", "passwords.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		c.passwords[strings.ToLower(strings.TrimSuffix(name, "_PASSWORD"))] = value
	}
	t.Cleanup(c.stopSecond)
	c.startSecond(t)
	c.startCache(t, ports[10])
	scaled := filepath.Join(c.dir, "scaled")
	if err := scale(root+"/deploy", scaled); err != nil {
		t.Fatal(err)
	}
	c.script(t, "deploy-monitoring", nil, "--local", "--config", scaled)
	return c
}

// listen returns the addresses of a daemon as settings.
func (c *chain) listen(i int) []string {
	return []string{"OAUTH2D_SERVER_LISTEN=" + strings.TrimPrefix(c.bases[i], "http://"), "OAUTH2D_ADMIN_LISTEN=" + c.operators[i]}
}

// script runs a script of deploy/scripts, and returns its output.
func (c *chain) script(t *testing.T, name string, environ []string, words ...string) string {
	t.Helper()
	cmd := c.command(environ, name, words...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, words, err, problems.String())
	}
	return strings.TrimSpace(string(out))
}

func (c *chain) try(name string, words ...string) (string, error) {
	out, err := c.command(nil, name, words...).CombinedOutput()
	return string(out), err
}

func (c *chain) command(environ []string, name string, words ...string) *exec.Cmd {
	cmd := exec.Command(root+"/deploy/scripts/"+name, words...)
	cmd.Env = append(append(append([]string{}, c.environ...), c.listen(0)...), environ...)
	return cmd
}

// startSecond starts the second daemon, as deploy --local starts the first.
func (c *chain) startSecond(t *testing.T) {
	t.Helper()
	var environ []string
	raw, err := os.ReadFile(filepath.Join(c.local, "redis", "oauth2d.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		environ = append(environ, strings.ReplaceAll(strings.TrimSpace(line), `"`, ""))
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "second.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	c.second = exec.Command(root+"/build/oauth2d", "serve", "--config", filepath.Join(c.local, "oauth2d.yaml"))
	c.second.Env = append(append(append([]string{}, c.environ...), environ...), c.listen(1)...)
	c.second.Stdout, c.second.Stderr = log, log
	if err := c.second.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the second daemon is ready", func() bool {
		return status(c.bases[1]+"/health/ready") == http.StatusOK || status("http://"+c.operators[1]+"/health/ready") == http.StatusOK
	})
}

func (c *chain) stopSecond() {
	if c.second != nil {
		_ = c.second.Process.Signal(syscall.SIGTERM)
		_ = c.second.Wait()
		c.second = nil
	}
}

// startCache starts the server of the services' cache: 8 MB, with the passwords and certificates of the group.
func (c *chain) startCache(t *testing.T, port string) {
	t.Helper()
	pem := filepath.Join(c.local, "redis", "tls")
	cmd := exec.Command(root + "/deploy/redis/bin/start-redis.sh")
	cmd.Env = append(os.Environ(), "REDIS_KIND=cache", "REDIS_DIR="+filepath.Join(c.dir, "cache"), "REDIS_PORT="+port, "REDIS_MAXMEMORY=8mb",
		"REDIS_ANNOUNCE_HOST=127.0.0.1", "TLS_CA_FILE="+pem+"/ca.crt", "TLS_CERT_FILE="+pem+"/server.crt", "TLS_KEY_FILE="+pem+"/server.key")
	for name, password := range c.passwords {
		cmd.Env = append(cmd.Env, strings.ToUpper(name)+"_PASSWORD="+password)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	c.cache = c.client(t, "127.0.0.1:"+port, "cache")
	eventually(t, 30*time.Second, "the cache answers", func() bool { return c.cache.Ping(t.Context()).Err() == nil })
}

// client opens Redis as a user of users.acl.
func (c *chain) client(t *testing.T, addr, user string) *redis.Client {
	t.Helper()
	pem := filepath.Join(c.local, "redis", "tls")
	own, err := tls.LoadX509KeyPair(pem+"/client.crt", pem+"/client.key")
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(pem + "/ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := redis.NewClient(&redis.Options{
		Addr: addr, Username: user, Password: c.passwords[user], DisableIdentity: true, Protocol: 2,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: roots, MinVersion: tls.VersionTLS12},
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// master opens the master of the group as admin.
func (c *chain) master(t *testing.T) *redis.Client {
	t.Helper()
	return c.client(t, c.script(t, "cli", nil, "--local", "--", "redis", "master"), "admin")
}

// killRedis kills nodes of the group.
func (c *chain) killRedis(t *testing.T, nodes ...string) {
	t.Helper()
	for _, node := range nodes {
		raw, err := os.ReadFile(filepath.Join(c.local, "redis", node+".pid"))
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		if _, err := fmt.Sscan(string(raw), &pid); err != nil || pid < 2 {
			t.Fatal(pid, err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// sample is one series of an answer of Prometheus.
type sample struct {
	Metric map[string]string `json:"metric"`
}

// query returns the series of a query.
func (c *chain) query(ctx context.Context, expr string) ([]sample, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.prometheus+"/api/v1/query?query="+url.QueryEscape(expr), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          struct{ Result []sample }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	return answer.Data.Result, nil
}

func status(address string) int {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get(address)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}
