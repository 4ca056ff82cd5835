package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// caller is one connection of a test.
type caller struct {
	net.Conn
	answers *bufio.Reader
}

func call(t *testing.T, s *Server) caller {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return caller{conn, bufio.NewReader(conn)}
}

func (c caller) send(t *testing.T, path string) {
	t.Helper()
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: as\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// answered reads one answer; false when the connection has ended.
func (c caller) answered(t *testing.T) bool {
	t.Helper()
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%d %v", res.StatusCode, err)
	}
	return true
}

// bounded starts a server with two places. It answers /wait when the channel is written to.
func bounded(t *testing.T) (*Server, chan struct{}, chan struct{}, *strings.Builder) {
	t.Helper()
	entered, leave, log := make(chan struct{}), make(chan struct{}), &strings.Builder{}
	s := New(Options{
		Name: "test", Addr: "127.0.0.1:0", Timeout: time.Minute, MaxConnections: 2, Log: slog.New(slog.NewTextHandler(log, nil)),
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				entered <- struct{}{}
				<-leave
			}
		}),
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.http.Close() })
	return s, entered, leave, log
}

// awaitIdle waits until the server has n idle connections: it learns of them only after the answer was sent.
func awaitIdle(t *testing.T, s *Server, n int) {
	t.Helper()
	for stop := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		s.places.mu.Lock()
		idle := s.places.idle.Len()
		s.places.mu.Unlock()
		if idle == n {
			return
		}
		if time.Now().After(stop) {
			t.Fatalf("%d connections are idle, want %d", idle, n)
		}
	}
}

func TestF_S27_ANewConnectionTakesThePlaceOfTheIdlest(t *testing.T) {
	t.Parallel()
	s, _, _, log := bounded(t)
	var callers []caller
	for range 5 {
		c := call(t, s)
		c.send(t, "/")
		if !c.answered(t) {
			t.Fatalf("caller %d was not served", len(callers)+1)
		}
		callers = append(callers, c)
		awaitIdle(t, s, min(len(callers), 2))
	}
	for i, c := range callers[:3] { // each had been idle longest when another connection came
		if c.answered(t) {
			t.Errorf("caller %d kept its connection", i+1)
		}
	}
	for i, c := range callers[3:] {
		c.send(t, "/")
		if !c.answered(t) {
			t.Errorf("caller %d was closed", i+4)
		}
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "the limit of connections is reached"); n != 1 {
		t.Errorf("%d warnings, want one a minute: %s", n, log)
	}
}

func TestF_S27_NobodyIsCutOffWhileServed(t *testing.T) {
	t.Parallel()
	s, entered, leave, _ := bounded(t)
	first, second, third := call(t, s), call(t, s), call(t, s)
	first.send(t, "/wait")
	<-entered
	second.send(t, "/wait")
	<-entered
	third.send(t, "/wait")
	select {
	case <-entered:
		t.Error("a third connection was served beside two")
	case leave <- struct{}{}: // one of the two is answered, becomes idle, and makes room
	}
	<-entered
	leave <- struct{}{}
	leave <- struct{}{}
	ended := 0
	for _, c := range []caller{first, second, third} {
		if !c.answered(t) {
			t.Error("a request was cut off")
		}
		c.send(t, "/")
		if !c.answered(t) {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d connections were closed after their answer, want 1", ended)
	}
}
