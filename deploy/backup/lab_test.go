//go:build backup

package backup_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

const (
	patience   = 60 * time.Second // the machine may be busy
	callers    = 4                // of the load
	passphrase = "a passphrase for the archives"
)

// lab is the group of deploy/redis with TLS and ACL users, and one daemon on it.
type lab struct {
	dir       string // of the group
	work      string // files of the test
	binary    string
	env       []string // of the daemon, without Redis
	redis     []string // how it reaches Redis, as the user app
	passwords map[string]string
	base      string // of the public listener
	secret    string // of the client "load"
	daemon    *exec.Cmd
	log       *os.File
}

func newLab(t *testing.T) *lab {
	t.Helper()
	binary, err := filepath.Abs(filepath.Join("..", "..", os.Getenv("BINARY")))
	if err != nil || os.Getenv("BINARY") == "" {
		t.Fatal("BINARY names no program: run make test-backup")
	}
	l := &lab{dir: t.TempDir(), work: t.TempDir(), binary: binary}
	var ports []string
	for range 6 {
		ports = append(ports, redistest.FreePort(t))
	}
	environ := append(os.Environ(), "HA_DIR="+l.dir, "HA_REDIS_PORTS="+strings.Join(ports[:3], " "), "HA_SENTINEL_PORTS="+strings.Join(ports[3:], " "))
	script := func(name string) ([]byte, error) {
		cmd := exec.CommandContext(context.Background(), "../redis/bin/"+name)
		cmd.Env = environ
		return cmd.CombinedOutput()
	}
	t.Cleanup(func() { _, _ = script("ha-down.sh") })
	if said, err := script("ha-up.sh"); err != nil {
		t.Fatalf("ha-up.sh: %v\n%s", err, said)
	}
	l.redis = lines(t, filepath.Join(l.dir, "oauth2d.env"))
	l.passwords = map[string]string{}
	for _, line := range lines(t, filepath.Join(l.dir, "passwords.env")) {
		name, password, _ := strings.Cut(line, "=")
		l.passwords[strings.ToLower(strings.TrimSuffix(name, "_PASSWORD"))] = password
	}
	master := make([]byte, 32)
	_, _ = rand.Read(master) // it never fails
	listen := "127.0.0.1:" + redistest.FreePort(t)
	l.base = "http://" + listen
	l.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + l.work, "TMPDIR=" + l.work,
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true",
		"OAUTH2D_ISSUER=" + l.base, "OAUTH2D_MASTER_KEY=" + base64.StdEncoding.EncodeToString(master),
		"OAUTH2D_SERVER_LISTEN=" + listen, "OAUTH2D_ADMIN_LISTEN=127.0.0.1:" + redistest.FreePort(t),
		"OAUTH2D_REDIS_TIMEOUT=10s", "OAUTH2D_REDIS_DIAL_TIMEOUT=5s", "OAUTH2D_REDIS_READ_LEASE=5s",
		"OAUTH2D_LIMITS_TOKEN=off", `OAUTH2D_SCOPES=[{"name": "read", "description": "read"}]`,
	}
	l.file(t, "passphrase", passphrase)
	return l
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		if line := strings.TrimSpace(scan.Text()); line != "" && !strings.HasPrefix(line, "#") {
			name, value, _ := strings.Cut(line, "=")
			all = append(all, name+"="+strings.Trim(value, `'"`))
		}
	}
	return all
}

func (l *lab) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(l.work, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (l *lab) folder(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(l.work, name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// as returns the environment of a command that reaches Redis as a user.
func (l *lab) as(user string) []string {
	all := append([]string{}, l.env...)
	for _, one := range l.redis {
		switch {
		case strings.HasPrefix(one, "OAUTH2D_REDIS_USERNAME="):
			one = "OAUTH2D_REDIS_USERNAME=" + user
		case strings.HasPrefix(one, "OAUTH2D_REDIS_PASSWORD="):
			one = "OAUTH2D_REDIS_PASSWORD=" + l.passwords[user]
		}
		all = append(all, one)
	}
	return all
}

// result is the outcome of one command.
type result struct {
	out, err string
	code     int
	took     time.Duration
	peak     int64 // resident memory in KiB
}

// run runs a command of the program.
func (l *lab) run(t *testing.T, env []string, words ...string) result {
	t.Helper()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), l.binary, words...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &said
	begin := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return result{out.String(), said.String(), cmd.ProcessState.ExitCode(), time.Since(begin), usage.Maxrss}
}

// must runs a command that must succeed.
func (l *lab) must(t *testing.T, user string, words ...string) result {
	t.Helper()
	r := l.run(t, l.as(user), words...)
	if r.code != 0 {
		t.Fatalf("oauth2d %s: exit code %d\n%s", strings.Join(words, " "), r.code, r.err)
	}
	return r
}

// refused runs a command that must end with the code and say the words.
func (l *lab) refused(t *testing.T, user string, code int, says string, words ...string) {
	t.Helper()
	r := l.run(t, l.as(user), words...)
	if r.code != code || !strings.Contains(r.err, says) {
		t.Errorf("oauth2d %s: exit code %d, not %d with %q:\n%s", strings.Join(words, " "), r.code, code, says, r.err)
		return
	}
	t.Logf("exit code %d: %s", r.code, strings.TrimSpace(r.err))
}

// master returns a client of the master as the user admin.
func (l *lab) master(t *testing.T) *redis.Client {
	t.Helper()
	addr := strings.TrimSpace(l.must(t, "app", "redis", "master").out)
	ca, err := os.ReadFile(filepath.Join(l.dir, "tls", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cert, err := tls.LoadX509KeyPair(filepath.Join(l.dir, "tls", "client.crt"), filepath.Join(l.dir, "tls", "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	db := redis.NewClient(&redis.Options{
		Addr: addr, Username: "admin", Password: l.passwords["admin"], ReadTimeout: patience,
		TLSConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, ServerName: "localhost"},
	})
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// start starts the daemon and waits until it is ready.
func (l *lab) start(t *testing.T) {
	t.Helper()
	log, err := os.Create(filepath.Join(l.work, "daemon.log"))
	if err != nil {
		t.Fatal(err)
	}
	l.log = log
	l.daemon = exec.CommandContext(context.Background(), l.binary, "serve")
	l.daemon.Env, l.daemon.Stdout, l.daemon.Stderr = l.as("app"), log, log
	if err := l.daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.stop() })
	redistest.Eventually(t, patience, "the daemon is ready", func() bool { return l.run(t, l.as("app"), "healthcheck").code == 0 })
}

func (l *lab) stop() {
	if l.daemon == nil {
		return
	}
	_ = l.daemon.Process.Signal(syscall.SIGTERM)
	_ = l.daemon.Wait() // it was asked to end
	l.daemon = nil
	_ = l.log.Close()
}

// token asks for an access token.
func (l *lab) token() (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"load"}, "client_secret": {l.secret}}
	text, status, err := l.post("/token", form)
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("status %d: %s: %w", status, text, err)
	}
	_, rest, _ := strings.Cut(text, `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token, nil
}

func (l *lab) active(t *testing.T, token string) bool {
	t.Helper()
	text, status, err := l.post("/introspect", url.Values{"token": {token}, "client_id": {"load"}, "client_secret": {l.secret}})
	if err != nil || status != http.StatusOK {
		t.Fatalf("introspection: status %d: %s: %v", status, text, err)
	}
	return strings.Contains(text, `"active":true`)
}

func (l *lab) post(path string, form url.Values) (string, int, error) {
	answer, err := http.PostForm(l.base+path, form) //nolint:noctx // of a test
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), answer.StatusCode, err
}

// load asks for tokens until it is stopped.
type load struct {
	done   chan struct{}
	wait   sync.WaitGroup
	issued atomic.Int64
	failed atomic.Int64
	first  atomic.Value
	slow   atomic.Int64 // the slowest answer in ns
}

func (l *lab) load() *load {
	w := &load{done: make(chan struct{})}
	for range callers {
		w.wait.Go(func() {
			for {
				select {
				case <-w.done:
					return
				default:
				}
				begin := time.Now()
				if _, err := l.token(); err != nil {
					w.failed.Add(1)
					w.first.CompareAndSwap(nil, err.Error())
				} else {
					w.issued.Add(1)
				}
				if took := int64(time.Since(begin)); took > w.slow.Load() {
					w.slow.Store(took)
				}
			}
		})
	}
	return w
}

func (w *load) end() {
	close(w.done)
	w.wait.Wait()
}

// contents returns every key with its value and its expiry. Two servers may serialise the same hash in different orders.
func contents(t *testing.T, db *redis.Client) map[string]string {
	t.Helper()
	ctx, all := t.Context(), map[string]string{}
	var keys []string
	for scan := db.Scan(ctx, 0, "*", 1000).Iterator(); scan.Next(ctx); {
		keys = append(keys, scan.Val())
	}
	for part := range slices.Chunk(keys, 500) {
		types, _ := db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, key := range part {
				p.Type(ctx, key)
			}
			return nil
		})
		values, _ := db.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range part {
				switch types[i].(*redis.StatusCmd).Val() {
				case "hash":
					p.HGetAll(ctx, key)
				default:
					p.Dump(ctx, key)
				}
				p.PExpireTime(ctx, key)
			}
			return nil
		})
		for i, key := range part {
			value := ""
			switch c := values[2*i].(type) {
			case *redis.MapStringStringCmd:
				value = fmt.Sprint(c.Val()) // in the order of the fields
			case *redis.StringCmd:
				value = fmt.Sprintf("%x", c.Val())
			}
			all[key] = value + " " + values[2*i+1].(*redis.DurationCmd).Val().String()
		}
	}
	return all
}
