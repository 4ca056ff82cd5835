//go:build container

// Package image_test runs the container image: make test-image builds it first.
package image_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	patience    = 60 * time.Second
	memoryLimit = 64 << 20
	// container is a running container of the image, with the restrictions of a pod in a namespace of the level restricted.
	loadTime      = 15 * time.Second
	shutdownDelay = 5 * time.Second
	password      = "a long enough password"
)

// container is a running container of the image, as hard as a cluster with restricted pods runs it.
type container struct {
	name string
	env  []string
}

// hardened are the flags of podman run for every container of this test.
var hardened = []string{
	"--network", "host", "--read-only", "--read-only-tmpfs=false", "--user", "65532:65532", "--cap-drop", "ALL",
	"--security-opt", "no-new-privileges", "--memory", strconv.Itoa(memoryLimit), "--memory-swap", strconv.Itoa(memoryLimit),
	"--ulimit", "nofile=1024:4096", "--ulimit", "nproc=4096:4096", "--pull", "never", "--no-healthcheck",
}

func image() string {
	if name := os.Getenv("IMAGE"); name != "" {
		return name
	}
	return "localhost/oauth2d:dev"
}

func podman(t *testing.T, args ...string) (string, error) {
	t.Helper()
	all := append(strings.Fields(os.Getenv("PODMANFLAGS")), args...)
	out, err := exec.CommandContext(t.Context(), "podman", all...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(failed.Stderr), err
	}
	return strings.TrimSpace(string(out)), err
}

func mustPodman(t *testing.T, args ...string) string {
	t.Helper()
	out, err := podman(t, args...)
	if err != nil {
		t.Fatalf("podman %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// command runs a command of the binary in a container of its own.
func (c container) command(t *testing.T, args ...string) string {
	t.Helper()
	flags := append([]string{"run", "--rm", "--interactive"}, hardened...)
	for _, pair := range c.env {
		flags = append(flags, "--env", pair)
	}
	return mustPodman(t, append(append(flags, image()), args...)...)
}

func (c container) start(t *testing.T) {
	t.Helper()
	flags := append([]string{"run", "--detach", "--name", c.name}, hardened...)
	for _, pair := range c.env {
		flags = append(flags, "--env", pair)
	}
	mustPodman(t, append(flags, image())...)
	t.Cleanup(func() {
		log, _ := exec.Command("podman", append(strings.Fields(os.Getenv("PODMANFLAGS")), "logs", c.name)...).CombinedOutput()
		if t.Failed() {
			t.Logf("the end of the log:\n%s", log[max(0, len(log)-3000):])
		}
		_ = exec.Command("podman", append(strings.Fields(os.Getenv("PODMANFLAGS")), "rm", "--force", c.name)...).Run()
	})
	redistest.Eventually(t, patience, "healthcheck in the container", func() bool {
		_, err := podman(t, "exec", c.name, "oauth2d", "healthcheck")
		return err == nil
	})
}

// The image runs with nothing that it does not need, and keeps within 64 MiB while people sign in. SIGTERM under load
// loses no request: a balancer that follows the readiness sends all requests elsewhere before the listener closes.
func TestHardenedContainer(t *testing.T) {
	redis := redistest.Start(t)
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	listen, admin := "127.0.0.1:"+redistest.FreePort(t), "127.0.0.1:"+redistest.FreePort(t)
	c := container{name: "oauth2d-test-" + strconv.Itoa(os.Getpid()), env: []string{
		"OAUTH2D_ISSUER=http://" + listen, "OAUTH2D_MASTER_KEY=" + base64.StdEncoding.EncodeToString(raw),
		"OAUTH2D_REDIS_ADDRS=" + redis.Addr, "OAUTH2D_REDIS_TIMEOUT=5s",
		"OAUTH2D_SERVER_LISTEN=" + listen, "OAUTH2D_ADMIN_LISTEN=" + admin,
		"OAUTH2D_SERVER_SHUTDOWN_DELAY=" + shutdownDelay.String(),
		`OAUTH2D_SCOPES=[{"name": "read", "description": "read your recipes"}]`,
	}}
	t.Run("no shell", func(t *testing.T) {
		for _, shell := range []string{"/bin/sh", "/bin/bash", "/busybox/sh"} {
			if out, err := podman(t, append(append([]string{"run", "--rm", "--entrypoint", shell}, hardened...), image(), "-c", "true")...); err == nil {
				t.Errorf("%s runs: %s", shell, out)
			}
		}
	})
	secret := c.command(t, "client", "create", "planner", "--direct", "--grant", "client_credentials", "--scope", "read", "--introspection", "any")
	c.people(t, 4)
	c.start(t)

	l := &load{t: t, issuer: "http://" + listen, admin: "http://" + admin, secret: secret, browser: &http.Transport{MaxIdleConnsPerHost: 16}}
	t.Cleanup(l.browser.CloseIdleConnections)
	l.run(4)
	time.Sleep(loadTime)
	before := l.sent.Load()
	mustPodman(t, "kill", "--signal", "TERM", c.name)
	code := mustPodman(t, "wait", c.name)
	l.work.Wait()
	if code != "0" {
		t.Errorf("exit code %s", code)
	}
	if killed := mustPodman(t, "inspect", "--format", "{{.State.OOMKilled}}", c.name); killed != "false" {
		t.Errorf("killed for its memory: %s", killed)
	}
	t.Logf("%d requests sent, %d of them after SIGTERM; %d sign-ins; %d lost", l.sent.Load(), l.sent.Load()-before, l.signIns.Load(), l.lost.Load())
	t.Logf("resident at the peak: %d MiB, with the mapped pages of the binary; the limit is %d MiB", l.peak.Load()>>20, memoryLimit>>20)
	if l.lost.Load() > 0 || l.sent.Load()-before == 0 || l.signIns.Load() == 0 {
		t.Error("a request was lost, or the load was none")
	}
}

// people registers users: person0, person1, ...
func (c container) people(t *testing.T, count int) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o644); err != nil { //nolint:gosec // the container's user reads it
		t.Fatal(err)
	}
	_ = os.Chmod(dir, 0o755) //nolint:gosec // as above
	flags := append([]string{"run", "--rm", "--volume", file + ":/password:ro"}, hardened...)
	for _, pair := range c.env {
		flags = append(flags, "--env", pair)
	}
	for i := range count {
		mustPodman(t, append(append([]string{}, flags...), image(), "user", "create", "person"+strconv.Itoa(i), "--direct", "--password-file", "/password")...)
	}
}

// load is a balancer with one server: it sends requests while the server is ready.
type load struct {
	t                     *testing.T
	issuer, admin, secret string

	browser             *http.Transport // of all people
	work                sync.WaitGroup
	away                atomic.Bool
	sent, lost, signIns atomic.Int64
	peak                atomic.Int64
}

// run sends tokens requests and introspections from two loops each, and sign-ins from as many as there are people.
func (l *load) run(people int) {
	l.work.Go(l.follow)
	for range 2 {
		l.work.Go(func() { l.loop(l.token) })
	}
	for i := range people {
		l.work.Go(func() { l.loop(func() bool { return l.signIn("person" + strconv.Itoa(i)) }) })
	}
}

func (l *load) loop(ask func() bool) {
	for !l.away.Load() {
		l.sent.Add(1)
		if !ask() {
			l.lost.Add(1)
		}
	}
}

// follow polls the readiness as a balancer does, and the memory.
func (l *load) follow() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		<-ticker.C
		answer, err := http.Get(l.admin + "/health/ready") //nolint:noctx // a test's own server
		if err != nil || answer.StatusCode != http.StatusOK {
			l.away.Store(true)
			return
		}
		_ = answer.Body.Close()
		l.memory()
	}
}

// memory reads the resident size from the metrics.
func (l *load) memory() {
	request, err := http.NewRequest(http.MethodGet, l.admin+"/metrics", http.NoBody) //nolint:noctx // as above
	if err != nil {
		return
	}
	for line := range strings.Lines(testkit.Do(l.t, request).Raw) {
		if text, ok := strings.CutPrefix(line, "process_resident_memory_bytes "); ok {
			if bytes, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && int64(bytes) > l.peak.Load() {
				l.peak.Store(int64(bytes))
			}
		}
	}
}

// token gets a token and introspects it.
func (l *load) token() bool {
	issued, ok := l.post("/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	if !ok || issued.Text("access_token") == "" {
		return false
	}
	known, ok := l.post("/introspect", url.Values{"token": {issued.Text("access_token")}})
	return ok && known.Fields["active"] == true
}

func (l *load) post(path string, form url.Values) (testkit.Answer, bool) {
	request, err := http.NewRequest(http.MethodPost, l.issuer+path, strings.NewReader(form.Encode())) //nolint:noctx // as above
	if err != nil {
		return testkit.Answer{}, false
	}
	request.SetBasicAuth("planner", l.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := testkit.Do(l.t, request)
	if answer.Status != http.StatusOK {
		l.t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
	}
	return answer, answer.Status == http.StatusOK
}

// signIn signs a person in with a new browser, which computes an argon2id hash of 19 MiB.
func (l *load) signIn(name string) bool {
	person := testkit.NewPerson(l.t)
	person.Client.Transport = l.browser
	page := person.Get(l.t, l.issuer+"/login")
	if page.Status != http.StatusOK {
		l.t.Errorf("the sign-in page: %d", page.Status)
		return false
	}
	page = person.Post(l.t, page, map[string]string{"username": name, "password": password})
	if page.Status != http.StatusSeeOther {
		l.t.Errorf("sign in: %d\n%s", page.Status, testkit.Text(page.Body))
		return false
	}
	l.signIns.Add(1)
	return true
}
