//go:build upgrade

package upgrade_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

const (
	startup       = 60 * time.Second // the machine may be busy
	probeInterval = 100 * time.Millisecond
)

// release is a binary of the server.
type release struct{ name, binary string }

// server is the place of one daemon: its addresses stay, whichever release runs there.
type server struct {
	listen, admin string
	ready         atomic.Bool
	process       *exec.Cmd
	exited        chan struct{}
	log           *testkit.Log // of all daemons that ran here
	proxy         *httputil.ReverseProxy
}

// start runs a release and waits until the balancer sends requests to it.
func (s *server) start(t *testing.T, r release, env []string) {
	t.Helper()
	s.exited = make(chan struct{})
	s.process = exec.CommandContext(context.Background(), r.binary, "serve")
	s.process.Env = append([]string{"OAUTH2D_SERVER_LISTEN=" + s.listen, "OAUTH2D_ADMIN_LISTEN=" + s.admin}, env...)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the signal is sent when this thread ends
		defer runtime.UnlockOSThread()
		err := s.process.Start()
		started <- err
		if err == nil {
			_ = s.process.Wait() // the exit code is read by stop
		}
		close(s.exited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, startup, r.name+" is ready", func() bool {
		if s.gone() {
			t.Fatalf("%s ended:\n%s", r.name, s.log)
		}
		return s.ready.Load()
	})
}

func (s *server) gone() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// stop ends the daemon as Kubernetes and systemd do.
func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.process.Process.Signal(syscall.SIGTERM) // the exit code shows whether it arrived
	select {
	case <-s.exited:
	case <-time.After(startup):
		_ = s.process.Process.Kill()
		<-s.exited
	}
	if code := s.process.ProcessState.ExitCode(); code != 0 {
		t.Errorf("a daemon ended with %d:\n%s", code, s.log)
	}
}

// troubles returns the last lines of the log that report a problem.
func (s *server) troubles() string {
	var lines []string
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "/health/ready") { // it stops, so it is not ready
			continue
		}
		problem := strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`)
		if problem || strings.Contains(line, `"msg":"serving"`) || strings.Contains(line, `"msg":"stopping"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-15):], "")
}

// balancer sends requests to the daemons that are ready, in turns. It repeats none: a request that a daemon loses
// has failed.
type balancer struct {
	address      string
	servers      []*server
	next         atomic.Uint64
	sent, failed atomic.Int64
	first        atomic.Value // the first failure, a string
}

func newBalancer(t *testing.T, daemons int) *balancer {
	t.Helper()
	b := &balancer{address: "127.0.0.1:" + redistest.FreePort(t)}
	for range daemons {
		s := &server{listen: "127.0.0.1:" + redistest.FreePort(t), admin: "127.0.0.1:" + redistest.FreePort(t), log: new(testkit.Log)}
		s.proxy = b.proxyTo(t, s.listen)
		b.servers = append(b.servers, s)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	front := &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	go func() { _ = front.Serve(listener) }() // it ends by Close
	done := make(chan struct{})
	go b.probe(done)
	t.Cleanup(func() {
		close(done)
		_ = front.Close()
	})
	return b
}

func (b *balancer) proxyTo(t *testing.T, listen string) *httputil.ReverseProxy {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: listen})
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(answer *http.Response) error {
			to := answer.Header.Get("Location") // an authorization request fails by a redirect
			if answer.StatusCode >= http.StatusInternalServerError || strings.Contains(to, "error=temporarily_unavailable") ||
				strings.Contains(to, "error=server_error") {
				b.fail(answer.Request.URL.Path + " was answered " + answer.Status + " " + to)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			b.fail(r.URL.Path + ": " + err.Error())
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

func (b *balancer) fail(what string) {
	b.failed.Add(1)
	b.first.CompareAndSwap(nil, what)
}

// probe follows the readiness of the daemons.
func (b *balancer) probe(done chan struct{}) {
	client := &http.Client{Timeout: 2 * time.Second}
	for {
		for _, s := range b.servers {
			answer, err := client.Get("http://" + s.admin + "/health/ready") //nolint:noctx // it has a timeout
			s.ready.Store(err == nil && answer.StatusCode == http.StatusOK)
			if err == nil {
				_, _ = io.Copy(io.Discard, answer.Body) // the connection is used again
				_ = answer.Body.Close()
			}
		}
		select {
		case <-done:
			return
		case <-time.After(probeInterval):
		}
	}
}

// ServeHTTP implements http.Handler.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.sent.Add(1)
	first, all := b.next.Add(1), uint64(len(b.servers)) // once: other requests count on meanwhile
	for i := range all {
		if s := b.servers[(first+i)%all]; s.ready.Load() {
			s.proxy.ServeHTTP(w, r)
			return
		}
	}
	b.fail(r.URL.Path + ": no daemon is ready")
	w.WriteHeader(http.StatusServiceUnavailable)
}
