package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// start serves a handler on a free port. change adapts the server to the test.
func start(t *testing.T, h http.Handler, certs *Certificates, change func(*http.Server)) *Server {
	t.Helper()
	s := New(Options{Name: "test", Addr: "127.0.0.1:0", Handler: h, TLS: certs, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if change != nil {
		change(s.http)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.http.Close() })
	return s
}

// say opens a connection, sends text, and returns everything that comes back until the server closes, or until a
// deadline that no passing test reaches.
func say(t *testing.T, s *Server, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := exchange(t, conn, text)
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		t.Fatalf("the server kept the connection after %q; it said %q", text, answer)
	}
	return answer
}

// exchange sends text on a connection, reads until the other side closes it, and closes it.
func exchange(t *testing.T, conn net.Conn, text string) (string, error) {
	t.Helper()
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

func statusLine(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	return line
}

func TestH02_TheBoundsAreSet(t *testing.T) {
	t.Parallel()
	s := New(Options{Handler: http.NotFoundHandler(), Timeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler)}).http
	if s.ReadHeaderTimeout <= 0 || s.ReadHeaderTimeout > 5*time.Second || s.ReadTimeout <= 0 || s.IdleTimeout <= 0 ||
		s.WriteTimeout < 10*time.Second || s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 80<<10 {
		t.Errorf("%+v", s)
	}
}

func TestH02_SlowCallersAreCutOffAndOthersServed(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, func(h *http.Server) {
		h.ReadHeaderTimeout, h.ReadTimeout, h.IdleTimeout = 100*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond
	})
	for range 50 { // idle connections do not block others
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"half a header": "GET /health HTTP/1.1\r\nHost: as",
		"half a body":   "POST /token HTTP/1.1\r\nHost: as\r\nContent-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ngrant",
	} {
		t.Run(name, func(t *testing.T) {
			if got := statusLine(say(t, s, text)); strings.Contains(got, " 200 ") {
				t.Errorf("%s: %s", name, got)
			}
		})
	}
	if got := statusLine(say(t, s, "GET /health HTTP/1.1\r\nHost: as\r\nConnection: close\r\n\r\n")); got != "HTTP/1.1 200 OK" {
		t.Errorf("the probe: %s", got)
	}
}

func TestH01_OnTheWire(t *testing.T) {
	t.Parallel()
	// net/http waits for the rest of a chunked body, but no longer than the read time-out.
	s := start(t, public(t, "https://as.example", ""), nil, func(h *http.Server) { h.ReadTimeout = time.Second })
	const head = "POST /token HTTP/1.1\r\nHost: as\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	chunks := strings.Repeat("4000\r\n"+strings.Repeat("a", 0x4000)+"\r\n", 5)
	for name, text := range map[string]string{
		"Content-Length of 9e18": head + "Content-Length: 9000000000000000000\r\n\r\nabc",
		"endless chunks":         head + "Transfer-Encoding: chunked\r\n\r\n" + chunks,
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(t, s, text); statusLine(got) != "HTTP/1.1 413 Request Entity Too Large" || !strings.Contains(got, "Connection: close") {
				t.Errorf("%s: %.300s", name, got)
			}
		})
	}
	const negative = head + "Content-Length: -1\r\n\r\n"
	if got := statusLine(say(t, s, negative)); !strings.Contains(got, " 400 ") {
		t.Errorf("a negative length: %s", got)
	}
}

func TestH02_LongHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, nil)
	const head, tail = "GET /health HTTP/1.1\r\nHost: as\r\nConnection: close\r\n", "\r\n\r\n"
	for size, want := range map[int]string{20 << 10: " 431 ", 300 << 10: " 431 ", 8 << 10: " 200 "} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			if got := statusLine(say(t, s, head+"X: "+strings.Repeat("a", size)+tail)); !strings.Contains(got, want) {
				t.Errorf("a header of %d: %s", size, got)
			}
		})
	}
	// A20: a long state is an authorization error, not a refusal of the connection.
	long := "GET /authorize?state=" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: as\r\nConnection: close\r\n\r\n"
	if got := statusLine(say(t, s, long)); !strings.Contains(got, " 200 ") {
		t.Errorf("a long request line: %s", got)
	}
}

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "finished")
	}), nil, nil)
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + s.Addr())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	if err := <-s.Done(); err != nil { // new connections are refused while one request is in flight
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("a new connection was taken while stopping")
	}
	close(leave)
	if got := <-answer; got != "finished" {
		t.Errorf("the request in flight: %s", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	s := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(entered); <-leave }), nil, nil)
	go func() {
		if res, err := http.Get("http://" + s.Addr()); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	first := start(t, http.NotFoundHandler(), nil, nil)
	second := New(Options{Name: "public", Addr: first.Addr(), Handler: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)})
	if err := second.Start(); err == nil || !strings.Contains(err.Error(), "public listener") {
		t.Errorf("%v", err)
	}
	if err := second.Shutdown(context.Background()); err != nil {
		t.Errorf("stopping what never started: %v", err)
	}
}

// issue writes a new self-signed certificate into the files and returns its serial number.
func issue(t *testing.T, dir string) (certFile, keyFile string, serial *big.Int) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "as.example"}, DNSNames: []string{"as.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, serial
}

func secured(t *testing.T) (*Server, *Certificates, string, *big.Int) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile, serial := issue(t, dir)
	certs, err := LoadCertificates(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, public(t, "https://as.example", ""), certs, nil), certs, dir, serial
}

func shake(s *Server, config *tls.Config) (tls.ConnectionState, error) {
	config.InsecureSkipVerify = true
	conn, err := tls.Dial("tcp", s.Addr(), config)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

func TestH08_OldTLSIsRefused(t *testing.T) {
	t.Parallel()
	s, _, _, _ := secured(t)
	for version, taken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			if _, err := shake(s, &tls.Config{MinVersion: version, MaxVersion: version}); (err == nil) != taken {
				t.Errorf("%s: %v", tls.VersionName(version), err)
			}
		})
	}
	for _, weak := range []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA} {
		t.Run(tls.CipherSuiteName(weak), func(t *testing.T) {
			if _, err := shake(s, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{weak}}); err == nil {
				t.Errorf("%s was taken", tls.CipherSuiteName(weak))
			}
		})
	}
	for _, suite := range s.o.TLS.Config().CipherSuites {
		for _, insecure := range tls.InsecureCipherSuites() {
			if suite == insecure.ID {
				t.Errorf("%s is offered", insecure.Name)
			}
		}
	}
}

// TLS 1.2 accepts exactly the suites of RFC 9325 §4.2, with both kinds of certificate.
func TestF_S16_TheSuitesOfTLS12(t *testing.T) {
	t.Parallel()
	s, _, _, _ := secured(t) // an ECDSA certificate
	recommended := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) || !strings.Contains(suite.Name, "ECDSA") {
			continue
		}
		_, err := shake(s, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		if want := slices.Contains(recommended, suite.ID); (err == nil) != want {
			t.Errorf("%s: %v", suite.Name, err)
		}
	}
	offered := s.o.TLS.Config().CipherSuites
	slices.Sort(offered)
	slices.Sort(recommended)
	if !slices.Equal(offered, recommended) {
		t.Errorf("%v, want %v", offered, recommended)
	}
	if state, err := shake(s, &tls.Config{}); err != nil || state.Version != tls.VersionTLS13 {
		t.Errorf("%s: %v", tls.VersionName(state.Version), err)
	}
}

func TestCertificatesAreReloaded(t *testing.T) {
	t.Parallel()
	s, certs, dir, first := secured(t)
	if changed, err := certs.Reload(); changed || err != nil {
		t.Errorf("nothing changed: %v %v", changed, err)
	}
	certFile, keyFile, second := issue(t, dir)
	serial := func() *big.Int {
		state, err := shake(s, &tls.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return state.PeerCertificates[0].SerialNumber
	}
	if got := serial(); got.Cmp(first) != 0 {
		t.Errorf("before the files were read again: serial %v, want %v", got, first)
	}
	certs.Follow(slog.New(slog.DiscardHandler))
	if got := serial(); got.Cmp(second) != 0 {
		t.Errorf("after it: serial %v, want %v", got, second)
	}
	if err := os.WriteFile(certFile, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.Reload(); err == nil || !strings.Contains(err.Error(), keyFile) {
		t.Errorf("%v", err)
	}
	if state, err := shake(s, &tls.Config{}); err != nil || state.PeerCertificates[0].SerialNumber.Cmp(second) != 0 {
		t.Errorf("the earlier certificate is gone: %v", err)
	}
	if _, err := LoadCertificates(filepath.Join(dir, "no.crt"), keyFile); err == nil {
		t.Error("a file that is not there was loaded")
	}
}

func TestH06_StreamsOfOneConnectionAreBounded(t *testing.T) {
	t.Parallel()
	s, _, _, _ := secured(t)
	conn, err := tls.Dial("tcp", s.Addr(), &tls.Config{NextProtos: []string{"h2"}, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	settings, err := readSettings(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	const maxConcurrentStreams, maxHeaderListSize = 3, 6 // RFC 9113 §6.5.2
	if got := settings[maxConcurrentStreams]; got == 0 || got > 250 {
		t.Errorf("%d streams at a time", got)
	}
	if got := settings[maxHeaderListSize]; got == 0 || got > 100<<10 {
		t.Errorf("headers of %d bytes", got)
	}
}

// readSettings reads the first SETTINGS frame of an HTTP/2 connection.
func readSettings(r io.Reader) (map[uint16]uint32, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if head[3] != 4 {
		return nil, fmt.Errorf("the first frame is of type %d", head[3])
	}
	body := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	settings := map[uint16]uint32{}
	for ; len(body) >= 6; body = body[6:] {
		settings[binary.BigEndian.Uint16(body)] = binary.BigEndian.Uint32(body[2:])
	}
	return settings, nil
}

func TestNetHTTPQuotesNobodyInTheLog(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	handler := quietHandler{slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})}
	log := slog.NewLogLogger(handler, slog.LevelError)
	log.Print("http: panic serving 1.2.3.4: s3cr3t\ngoroutine 1")
	log.Print("http: TLS handshake error from 1.2.3.4: s3cr3t")
	if got := text.String(); strings.Contains(got, "s3cr3t") || !strings.Contains(got, `level=ERROR msg="http: panic serving"`) ||
		!strings.Contains(got, `level=DEBUG msg="http: TLS handshake error"`) {
		t.Error(got)
	}
}

// A server that drains accepts connections, and every answer is the last one of its connection.
func TestDrainEndsConnectionsWithTheirNextAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, nil)
	ask := func() *http.Response {
		response, err := http.Get("http://" + s.Addr()) //nolint:noctx // a test's own server
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	if ask().Close {
		t.Error("the connection is closed before")
	}
	s.Drain()
	for range 2 { // on the connection that was open, and on a new one
		if response := ask(); !response.Close || response.StatusCode != http.StatusOK {
			t.Errorf("close %t, %s", response.Close, response.Status)
		}
	}
}
