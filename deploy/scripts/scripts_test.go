// Package scripts_test runs every script of this folder. With --local they work on real Redis, Sentinel and daemon
// processes; for Kubernetes and compose the commands that they would run are compared word by word.
package scripts_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// binary builds the daemon, once. "go test" caches a result together with the files that a test looked at, so the names
// of all sources are read.
var binary = sync.OnceValues(func() (string, error) {
	for _, folder := range []string{"../../cmd", "../../internal", "../redis"} {
		if err := filepath.WalkDir(folder, func(_ string, _ os.DirEntry, err error) error { return err }); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "oauth2d-scripts")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "oauth2d")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "../../cmd/oauth2d").CombinedOutput() //nolint:gosec // the words are constant but for a folder
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return file, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// names are the scripts that people call.
func names(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			all = append(all, entry.Name())
		}
	}
	return all
}

// Each transcript has an installation of its own: a folder, free ports, settings. What it leaves running is stopped.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	if _, err := binary(); err != nil {
		t.Fatal(err) // the time that it takes must not count against the deadline below
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			w := &watch{}
			testscript.Run(t, testscript.Params{
				Files: []string{file}, Deadline: time.Now().Add(3 * time.Minute),
				Setup: func(env *testscript.Env) error { return prepare(env, w) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"fails": fails, "occupy": occupy, "watch": w.begin, "unseen": w.unseen, "unwatch": func(*testscript.TestScript, bool, []string) { w.end() },
				},
			})
		})
	}
}

// prepare sets the environment of a transcript.
func prepare(env *testscript.Env, w *watch) error {
	here, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	daemon, err := binary()
	if err != nil {
		return err
	}
	ports, err := freePorts(13)
	if err != nil {
		return err
	}
	local := filepath.Join(env.WorkDir, "local")
	for name, value := range map[string]string{
		"PATH": here + ":" + os.Getenv("PATH"), "ROOT": filepath.Dir(filepath.Dir(here)), "HERE": here, "LOCAL_DIR": local, "LOCAL_BINARY": daemon,
		"HA_REDIS_PORTS": strings.Join(ports[:3], " "), "HA_SENTINEL_PORTS": strings.Join(ports[3:6], " "), "REDIS_PORT_1": ports[0],
		"OAUTH2D_SERVER_LISTEN": "127.0.0.1:" + ports[6], "OAUTH2D_ADMIN_LISTEN": "127.0.0.1:" + ports[7],
		"OAUTH2D_ISSUER": "http://127.0.0.1:" + ports[6], "PUBLIC_PORT": ports[6], "MONITORING_PORTS": strings.Join(ports[8:], " "), "PROMETHEUS_PORT": ports[8], "HOME": env.WorkDir, "TERM": "xterm",
	} {
		env.Setenv(name, value)
	}
	env.Defer(func() {
		w.end()
		for _, words := range [][]string{{"cleanup-monitoring", "--local", "--yes"}, {"stop", "--local"}} {
			stop := exec.Command(filepath.Join(here, words[0]), words[1:]...) //nolint:gosec // a script of this folder
			stop.Env = env.Vars
			if out, err := stop.CombinedOutput(); err != nil {
				env.T().Log(string(out))
			}
		}
	})
	return nil
}

// freePorts returns different ports that nobody listens on.
func freePorts(count int) ([]string, error) {
	var ports []string
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}()
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, listener)
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}

// fails N COMMAND... wants a command to end with exit code N.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// occupy PORT listens on a port until the transcript ends.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+args[0]) //nolint:noctx // it is closed below
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
}

// watch collects the command lines of all processes of the machine, as ps shows them.
type watch struct {
	mu   sync.Mutex
	seen map[string]bool
	quit chan struct{}
	done chan struct{}
}

// begin is the command "watch": it looks from here on.
func (w *watch) begin(*testscript.TestScript, bool, []string) {
	w.seen, w.quit, w.done = map[string]bool{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.done)
		for {
			w.look()
			select {
			case <-w.quit:
				return
			case <-time.After(25 * time.Millisecond):
			}
		}
	}()
}

func (w *watch) look() {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && len(line) > 0 {
			w.seen[string(line)] = true
		}
	}
}

func (w *watch) end() {
	if w.quit != nil {
		close(w.quit)
		<-w.done
		w.quit = nil
	}
}

// unseen FILE... is a command: no long word of these files was on a command line.
func (w *watch) unseen(ts *testscript.TestScript, _ bool, args []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) < 20 {
		ts.Fatalf("only %d command lines were seen", len(w.seen))
	}
	for _, file := range args {
		for _, line := range strings.Fields(ts.ReadFile(file)) {
			_, secret, found := strings.Cut(line, "_PASSWORD=")
			if !found {
				secret = line
			}
			for command := range w.seen {
				if len(secret) >= 16 && strings.Contains(command, secret) {
					ts.Fatalf("a secret of %s was on a command line: %q", file, bytes.ReplaceAll([]byte(command), []byte{0}, []byte(" ")))
				}
			}
		}
	}
}
