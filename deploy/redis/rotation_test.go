//go:build rotation

package deploy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// rotationIssuer is that of the two daemons.
const rotationIssuer = "https://login.test"

// rotations is a group, two daemons on it, and the load that must not notice anything.
type rotations struct {
	*group
	binary  string
	master  string // the file of the master key
	tlsDir  string // of the daemons' own listeners
	daemons []*os.Process
	public  []string // addresses
	log     []string // files

	secret atomic.Pointer[string] // of the client
	done   atomic.Int64           // requests
	failed atomic.Int64
}

// TestRotation rotates all seven kinds of secrets under load. It needs the binary: make test-rotation.
func TestRotation(t *testing.T) {
	r := &rotations{group: up(t), tlsDir: t.TempDir()}
	var err error
	if r.binary, err = filepath.Abs("../../build/oauth2d"); err != nil {
		t.Fatal(err)
	}
	r.master = filepath.Join(r.dir, "master-key")
	r.save(t, r.master, newMasterKey(t)+"\n")
	if out, err := exec.Command("bin/make-dev-ca.sh", r.tlsDir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r.daemons, r.public, r.log = make([]*os.Process, 2), make([]string, 2), make([]string, 2)
	for i := range r.daemons {
		r.start(t, i)
	}
	secret := r.oauth2d(t, "client", "create", "planner", "--direct", "--grant", "client_credentials", "--scope", "read write")
	r.secret.Store(&secret)
	stop := r.load(t)
	for _, kind := range []struct {
		name string
		turn func(*testing.T)
	}{
		{"client secret", r.clientSecret},
		{"signing keys", func(t *testing.T) {
			r.oauth2d(t, "key", "rotate", "--direct")
			r.oauth2d(t, "key", "rotate", "--direct", "--use", "mac")
			time.Sleep(16 * time.Second) // until they serve
		}},
		{"master key", r.masterKey},
		{"ACL password of the daemons", func(t *testing.T) { r.password(t, "app") }},
		{"ACL password of replication", func(t *testing.T) { r.password(t, "replication") }},
		{"password of the Sentinels", func(t *testing.T) { r.password(t, "sentinel"); r.password(t, "peer") }},
		{"TLS of the listeners", r.listenerTLS},
		{"TLS of Redis, Sentinels and daemons", func(t *testing.T) { r.rotate(t, "tls") }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			done, failed, start := r.done.Load(), r.failed.Load(), time.Now()
			kind.turn(t)
			time.Sleep(2 * time.Second)
			done, failed = r.done.Load()-done, r.failed.Load()-failed
			t.Logf("%-36s %5.1f s  %6d requests  %d failed", kind.name, time.Since(start).Seconds(), done, failed)
			if failed > 0 || done == 0 {
				t.Errorf("%d of %d requests failed", failed, done)
			}
		})
	}
	stop()
	t.Logf("%d requests, %d failed", r.done.Load(), r.failed.Load())
	if out := r.status(t); strings.Contains(out, "unfinished") {
		t.Errorf("a rotation is not finished:\n%s", out)
	}
}

func newMasterKey(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("openssl", "rand", "-base64", "32").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// save replaces a file at once.
func (r *rotations) save(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(file+".new", []byte(text), 0o600), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
}

// environment is that of the daemons and of the command line. Passwords are read from files, which change.
func (r *rotations) environment() []string {
	addrs := make([]string, len(r.sentinels))
	for i, port := range r.sentinels {
		addrs[i] = "127.0.0.1:" + port
	}
	password := func(name string) string { return filepath.Join(r.dir, "password-"+name) }
	return append(os.Environ(), "OAUTH2D_ISSUER="+rotationIssuer, "OAUTH2D_MASTER_KEY_FILE="+r.master,
		"OAUTH2D_REDIS_MODE=sentinel", "OAUTH2D_REDIS_ADDRS="+strings.Join(addrs, ","), "OAUTH2D_REDIS_USERNAME=app",
		"OAUTH2D_REDIS_PASSWORD_FILE="+password("app"), "OAUTH2D_REDIS_SENTINEL_PASSWORD_FILE="+password("sentinel"),
		"OAUTH2D_REDIS_TLS_ENABLED=true", "OAUTH2D_REDIS_TLS_CA_FILE="+filepath.Join(r.dir, "tls/ca.crt"),
		"OAUTH2D_REDIS_TLS_CERT_FILE="+filepath.Join(r.dir, "tls/client.crt"), "OAUTH2D_REDIS_TLS_KEY_FILE="+filepath.Join(r.dir, "tls/client.key"),
		// The machine of the test may be small and busy: wait longer for late answers of Sentinels and Redis.
		"OAUTH2D_REDIS_DIAL_TIMEOUT=3s", "OAUTH2D_REDIS_TIMEOUT=3s", "OAUTH2D_REDIS_READ_LEASE=10s")
}

// start runs a daemon until the test ends.
func (r *rotations) start(t *testing.T, i int) {
	for _, name := range []string{"app", "sentinel"} {
		if file := filepath.Join(r.dir, "password-"+name); i == 0 {
			r.save(t, file, r.passwords[name]+"\n")
		}
	}
	ports := freePorts(t, 2)
	r.public[i], r.log[i] = "127.0.0.1:"+ports[0], filepath.Join(r.dir, fmt.Sprintf("daemon%d.log", i))
	log, err := os.Create(r.log[i])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(r.binary, "serve") //nolint:gosec // the binary under test
	cmd.Env = append(r.environment(), "OAUTH2D_SERVER_LISTEN="+r.public[i], "OAUTH2D_ADMIN_LISTEN=127.0.0.1:"+ports[1], "OAUTH2D_AUDIT_STDOUT=false",
		"OAUTH2D_SERVER_TLS_CERT_FILE="+filepath.Join(r.tlsDir, "server.crt"), "OAUTH2D_SERVER_TLS_KEY_FILE="+filepath.Join(r.tlsDir, "server.key"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.daemons[i] = cmd.Process
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually(t, "a daemon that serves", func() error {
		connection, err := net.Dial("tcp", r.public[i]) //nolint:noctx // loopback
		if err == nil {
			err = connection.Close()
		}
		return err
	})
}

// oauth2d runs a command and returns its standard output.
func (r *rotations) oauth2d(t *testing.T, args ...string) string {
	t.Helper()
	out, said, err := r.try(args...)
	if err != nil {
		t.Fatalf("oauth2d %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return out
}

func (r *rotations) try(args ...string) (out, said string, err error) {
	cmd := exec.Command(r.binary, args...) //nolint:gosec // the binary under test
	cmd.Env = r.environment()
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return strings.TrimSpace(o.String()), e.String(), err
}

func (r *rotations) status(t *testing.T) string {
	t.Helper()
	out, said, _ := r.try("rotate", "status", "--direct") // exit code 1: something is due
	return out + said
}

// reload sends SIGHUP to a daemon and waits for what it logs.
func (r *rotations) reload(t *testing.T, i int) {
	t.Helper()
	count := func() int {
		text, _ := os.ReadFile(r.log[i])
		return bytes.Count(text, []byte("the settings were reloaded"))
	}
	before := count()
	if err := r.daemons[i].Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a daemon that has reloaded", func() error {
		if count() == before {
			return errors.New("not yet")
		}
		return nil
	})
}

func (r *rotations) clientSecret(t *testing.T) {
	secret := r.oauth2d(t, "client", "rotate-secret", "planner", "--direct", "--overlap", "1h")
	time.Sleep(2 * time.Second) // with the old one
	r.secret.Store(&secret)
}

// masterKey lets both daemons know the new key, lets one use it, refuses a daemon that lacks it, and seals everything anew.
func (r *rotations) masterKey(t *testing.T) {
	text, err := os.ReadFile(r.master)
	if err != nil {
		t.Fatal(err)
	}
	older, newer := strings.TrimSpace(string(text)), newMasterKey(t)
	r.save(t, r.master, older+"\n"+newer+"\n")
	r.reload(t, 0) // the other one does not know it yet
	r.save(t, r.master, newer+"\n"+older+"\n")
	time.Sleep(6 * time.Second)
	if _, said, err := r.try("rotate", "master-key", "--direct"); err == nil || !strings.Contains(said, "does not have this master key, so nothing was changed") {
		t.Errorf("a daemon lacks the new master key: %v\n%s", err, said)
	}
	r.save(t, r.master, older+"\n"+newer+"\n")
	r.reload(t, 1)
	r.save(t, r.master, newer+"\n"+older+"\n")
	r.reload(t, 0) // one daemon seals under the new key, the other under the old one
	time.Sleep(6 * time.Second)
	r.oauth2d(t, "key", "rotate", "--direct")
	r.oauth2d(t, "rotate", "master-key", "--direct")
	r.reload(t, 1)
	r.oauth2d(t, "rotate", "master-key", "--direct") // what the second daemon may have sealed meanwhile
	r.save(t, r.master, newer+"\n")
	r.reload(t, 0)
	r.reload(t, 1)
	r.save(t, filepath.Join(r.dir, "wrong-key"), older+"\n")
	right := r.master
	r.master = filepath.Join(r.dir, "wrong-key")
	if _, said, err := r.try("key", "list", "--direct"); err == nil || !strings.Contains(said, "master_key") || strings.Count(said, "\n") != 1 {
		t.Errorf("the old master key: %v\n%s", err, said)
	}
	r.master = right
}

// password runs ha-rotate.sh, interrupts it once where the daemons take the new password, and lets it continue.
func (r *rotations) password(t *testing.T, name string) {
	t.Helper()
	cmd := r.script("ha-rotate.sh")
	cmd.Args = append(cmd.Args, "password", name, "false")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "both passwords stay valid") {
		t.Fatalf("a run whose daemons keep the old password: %v\n%s", err, out)
	}
	r.reload(t, 0)
	r.reload(t, 1)
	r.rotate(t, "password", name, "true")
}

func (r *rotations) rotate(t *testing.T, words ...string) {
	t.Helper()
	cmd := r.script("ha-rotate.sh")
	cmd.Args = append(cmd.Args, words...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (r *rotations) listenerTLS(t *testing.T) {
	if err := os.Remove(filepath.Join(r.tlsDir, "server.key")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("bin/make-dev-ca.sh", r.tlsDir).CombinedOutput(); err != nil { //nolint:gosec // a script of this folder
		t.Fatalf("%v\n%s", err, out)
	}
	r.reload(t, 0)
	r.reload(t, 1)
}

// load sends requests to both daemons until it is stopped: a token, its introspection, its revocation; and opens new
// connections all the time.
func (r *rotations) load(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for n := range 4 {
		workers.Go(func() {
			for i := n; ctx.Err() == nil; i++ {
				r.turn(t, r.public[i%2])
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	return func() {
		cancel()
		workers.Wait()
	}
}

func (r *rotations) turn(t *testing.T, addr string) {
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: trustAll()}
	client := &http.Client{Transport: transport, Timeout: 15 * time.Second}
	ask := func(path string, form url.Values) map[string]any {
		r.done.Add(1)
		request, err := http.NewRequest(http.MethodPost, "https://"+addr+path, strings.NewReader(form.Encode())) //nolint:noctx // the client has a limit
		if err != nil {
			t.Error(err)
			return nil
		}
		request.Host = "login.test"
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth("planner", url.QueryEscape(*r.secret.Load()))
		answer, err := client.Do(request)
		if err != nil {
			r.fail(t, path, err.Error())
			return nil
		}
		defer func() { _ = answer.Body.Close() }()
		var body map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&body); answer.StatusCode != http.StatusOK || err != nil && path != "/revoke" {
			r.fail(t, path, fmt.Sprint(answer.Status, body))
			return nil
		}
		return body
	}
	made := ask("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	token, _ := made["access_token"].(string)
	if token == "" {
		return
	}
	if found := ask("/introspect", url.Values{"token": {token}}); found != nil && found["active"] != true {
		r.fail(t, "/introspect", "a live token is inactive")
	}
	ask("/revoke", url.Values{"token": {token}})
	if found := ask("/introspect", url.Values{"token": {token}}); found != nil && found["active"] != false {
		r.fail(t, "/introspect", "a revoked token is active")
	}
}

func (r *rotations) fail(t *testing.T, path, why string) {
	if r.failed.Add(1) <= 20 {
		t.Logf("%s %s: %s", time.Now().Format(time.TimeOnly), path, why)
	}
}

// trustAll trusts the certificates of the test's own listeners: the load must see failures, not a change of authority.
func trustAll() *tls.Config { return &tls.Config{InsecureSkipVerify: true} } //nolint:gosec // a test's own servers
