package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startup is the time that a process may take until it answers; the machine may be busy.
const startup = 20 * time.Second

// Server is one redis-server process. Its methods are for one goroutine.
type Server struct {
	Addr string
	Dir  string

	program string
	process *exec.Cmd
	exited  chan struct{}
}

// Start runs a redis-server without persistence. Settings are lines of redis.conf.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	for range 3 { // a port that was free a moment ago may be taken
		s := prepare(t, "redis-server", append([]string{`save ""`}, settings...))
		if s.run(t) {
			return s
		}
	}
	t.Fatal("redis-server does not start; is it installed?")
	return nil
}

// prepare writes the configuration of a process on a free port.
func prepare(t testing.TB, program string, settings []string) *Server {
	t.Helper()
	port := FreePort(t)
	s := &Server{program: program, Addr: net.JoinHostPort("127.0.0.1", port), Dir: t.TempDir()}
	lines := append([]string{"port " + port, "bind 127.0.0.1", "dir " + s.Dir, "daemonize no"}, settings...)
	if err := os.WriteFile(s.config(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func (s *Server) config() string { return filepath.Join(s.Dir, "redis.conf") }

// Port is the port that the server listens on.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}

// run starts the process and waits until it answers; false when it ended instead.
func (s *Server) run(t testing.TB) bool {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	s.process = exec.CommandContext(context.Background(), s.program, s.config()) //nolint:gosec // a test's own file
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = withParent()
	if err := s.process.Start(); err != nil {
		t.Fatalf("%s: %v", s.program, err)
	}
	s.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait() // how it ended is not of interest
		close(exited)
	}(s.process, s.exited)
	return s.answers()
}

func (s *Server) answers() bool {
	return within(startup, func() (done, ok bool) {
		select {
		case <-s.exited:
			return true, false
		default:
		}
		conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err != nil {
			return false, false
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return false, false
		}
		reply := make([]byte, 64)
		n, err := conn.Read(reply)
		ready := err == nil && (strings.HasPrefix(string(reply[:n]), "+PONG") || strings.HasPrefix(string(reply[:n]), "-NOAUTH"))
		return ready, ready
	})
}

// Kill ends the process at once (kill -9).
func (s *Server) Kill() { s.signal(syscall.SIGKILL, true) }

// Pause stops the process (SIGSTOP) until Resume.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP, false) }

// Resume lets a paused process go on.
func (s *Server) Resume() { s.signal(syscall.SIGCONT, false) }

// Restart runs a killed server again, on its port and with its files.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if !s.run(t) {
		t.Fatalf("%s at %s does not start again", s.program, s.Addr)
	}
}

func (s *Server) signal(sig syscall.Signal, wait bool) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(sig) // it may be gone already
	if wait {
		<-s.exited
	}
}

func (s *Server) stop() {
	if s.process != nil {
		s.Kill()
	}
}

// Admin is a client of the default user, who may do everything.
func (s *Server) Admin(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.Addr, DisableIdentity: true, Protocol: 2, ReadTimeout: startup})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Do runs one command as the default user.
func (s *Server) Do(t testing.TB, words ...any) any {
	t.Helper()
	answer, err := s.Admin(t).Do(t.Context(), words...).Result()
	if err != nil {
		t.Fatalf("%v at %s: %v", words[0], s.Addr, err)
	}
	return answer
}

// info reads one field of INFO; "" when the server does not answer.
func info(ctx context.Context, client *redis.Client, field string) string {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Eventually waits until something is so, and fails the test when it is not in time.
func Eventually(t testing.TB, limit time.Duration, what string, so func() bool) {
	t.Helper()
	if !within(limit, func() (bool, bool) { ok := so(); return ok, ok }) {
		t.Fatalf("not within %v: %s", limit, what)
	}
}

// within asks again and again until the answer is final or the time is up.
func within(limit time.Duration, ask func() (done, ok bool)) bool {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if done, ok := ask(); done {
			return ok
		}
		<-ticker.C
	}
	return false
}

// ports remembers what was given out, because the system may offer a port twice before it is used.
type ports struct {
	mu    sync.Mutex
	given map[int]bool
}

//nolint:gochecknoglobals // ports belong to the whole process
var given = ports{given: map[int]bool{}}

// FreePort finds a loopback port that nobody listens on and that this process was not given before.
func FreePort(t testing.TB) string {
	t.Helper()
	given.mu.Lock()
	defer given.mu.Unlock()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		if !given.given[port] {
			given.given[port] = true
			return strconv.Itoa(port)
		}
	}
	t.Fatal(fmt.Errorf("no free port"))
	return ""
}
