package server

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const patience = 20 * time.Second // longer than any passing test needs

func TestH01_TenMegabytes(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, nil)
	res, err := http.Post("http://"+s.Addr()+"/token", "application/x-www-form-urlencoded", strings.NewReader("x="+strings.Repeat("x", 10<<20)))
	if err == nil { // else the server hung up while we were still sending, as it may
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
			t.Errorf("%d, closed %v", res.StatusCode, res.Close)
		}
	}
	conn := dial(t, s)
	send(t, conn, "POST /token HTTP/1.1\r\nHost: as\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n")
	chunk := []byte("4000\r\n" + strings.Repeat("a", 0x4000) + "\r\n")
	sent := 0
	for ; sent < 64<<20; sent += len(chunk) { // endless, until the server hangs up
		if _, err := conn.Write(chunk); err != nil {
			break
		}
	}
	if sent >= 64<<20 {
		t.Errorf("the server read %d bytes", sent)
	}
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// drip sends a byte at a time until the server hangs up, and reports whether it did.
func drip(conn net.Conn) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := conn.Write([]byte("a")); err != nil {
			var slow net.Error
			return !errors.As(err, &slow) || !slow.Timeout()
		}
	}
	return false
}

func TestH02_AByteAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, func(h *http.Server) {
		h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	})
	var slow sync.WaitGroup
	for i := range 200 {
		conn := dial(t, s)
		text := "GET /health HTTP/1.1\r\nHost: as\r\nX: "
		if i%2 == 0 {
			text = "POST /token HTTP/1.1\r\nHost: as\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n"
		}
		slow.Go(func() {
			if _, err := io.WriteString(conn, text); err == nil && !drip(conn) {
				t.Error("a slow caller was kept")
			}
		})
	}
	probe := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		res, err := probe.Get("http://" + s.Addr() + "/health")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("the probe: %d", res.StatusCode)
		}
	}
	slow.Wait()
}

// The frames of RFC 9113 that the attacks below are made of.
const (
	frameHeaders, frameReset, frameSettings, frameContinuation = 1, 3, 4, 9
	endStream, endHeaders                                      = 1, 4
)

func frame(kind, flags byte, stream uint32, body []byte) []byte {
	head := make([]byte, 9, 9+len(body))
	head[0], head[1], head[2], head[3], head[4] = byte(len(body)>>16), byte(len(body)>>8), byte(len(body)), kind, flags
	binary.BigEndian.PutUint32(head[5:], stream)
	return append(head, body...)
}

// getRoot is GET https://as/ in HPACK, from the static table.
func getRoot() []byte { return []byte{0x82, 0x84, 0x87, 0x41, 2, 'a', 's'} }

func dialHTTP2(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr(), &tls.Config{NextProtos: []string{"h2"}, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	send(t, conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+string(frame(frameSettings, 0, 0, nil)))
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	return conn
}

// CVE-2023-44487: a stream that is reset at once makes room for a new stream, but not while its handler runs.
func TestH06_RapidReset(t *testing.T) {
	t.Parallel()
	_, certs, _, _ := secured(t)
	var running, most atomic.Int64
	leave := make(chan struct{})
	s := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			return // the probe
		}
		defer running.Add(-1)
		for now := running.Add(1); ; {
			if seen := most.Load(); now <= seen || most.CompareAndSwap(seen, now) {
				break
			}
		}
		<-leave
	}), certs, nil)
	defer close(leave)
	conn := dialHTTP2(t, s)
	for stream := uint32(1); stream < 20_000; stream += 2 {
		reset := append(frame(frameHeaders, endStream|endHeaders, stream, getRoot()), frame(frameReset, 0, stream, []byte{0, 0, 0, 8})...)
		if _, err := conn.Write(reset); err != nil {
			break // the server closed the connection, as it may
		}
	}
	probe := http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
	}}
	res, err := probe.Get("https://" + s.Addr() + "/probe")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got := most.Load(); got == 0 || got > http2Streams {
		t.Errorf("one connection kept %d handlers busy", got)
	}
}

// CVE-2023-45288: headers that never end.
func TestH06_ContinuationFlood(t *testing.T) {
	t.Parallel()
	s, _, _, _ := secured(t)
	conn := dialHTTP2(t, s)
	if _, err := conn.Write(frame(frameHeaders, endStream, 1, getRoot())); err != nil {
		t.Fatal(err)
	}
	// A literal header field that is not indexed, over and over.
	field := append([]byte{0, 1, 'x', 100}, []byte(strings.Repeat("y", 100))...)
	more := frame(frameContinuation, 0, 1, []byte(strings.Repeat(string(field), 100)))
	sent := 0
	for ; sent < 64<<20; sent += len(more) {
		if _, err := conn.Write(more); err != nil {
			return
		}
	}
	t.Errorf("the server read %d bytes of headers", sent)
}
