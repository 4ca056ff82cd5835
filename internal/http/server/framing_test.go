package server

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The requests of these tests never ask the server to close the connection: the tests show that the server closes it by
// itself.
const (
	formHead = "POST /token HTTP/1.1\r\nHost: as\r\n"
	smuggled = "GET /health/live HTTP/1.1\r\nHost: as\r\n\r\n"
)

func TestH04_Smuggling(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, nil)
	for name, text := range map[string]string{
		"a space before the colon":                formHead + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"an unknown transfer coding":              formHead + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two transfer codings":                    formHead + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"two lengths":                             formHead + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"a length with a sign":                    formHead + "Content-Length: +3\r\n\r\nabc",
		"a list of lengths":                       formHead + "Content-Length: 3, 3\r\n\r\nabc",
		"a header line that is continued at once": "POST /token HTTP/1.1\r\n Host: as\r\n\r\n",
		"a control character in a header":         formHead + "X: a\x01b\r\n\r\n",
		"a bare CR in a header":                   formHead + "X: a\rContent-Length: 5\r\n\r\n",
		"no Host":                                 "POST /token HTTP/1.1\r\n\r\n",
		"two Hosts":                               formHead + "Host: other\r\n\r\n",
		"a bare LF in a chunk":                    formHead + "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := say(t, s, text+smuggled)
			if line := statusLine(got); !strings.Contains(line, " 400 ") && !strings.Contains(line, " 501 ") || strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Errorf("%s: %s", name, got)
			}
		})
	}
}

// RFC 9112 §6.1: the connection is closed after a request with both lengths. It is also closed after every chunked
// request, and after HTTP/1.0, where net/http ignores a Transfer-Encoding.
func TestF_S12_TheConnectionEndsAfterAnUnsizedBody(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, nil)
	const chunked = "Transfer-Encoding: chunked\r\n"
	for name, text := range map[string]string{
		"both lengths":                     formHead + "Content-Length: 4\r\n" + chunked + "\r\n0\r\n\r\n",
		"both lengths, the other way":      formHead + chunked + "Content-Length: 4\r\n\r\n0\r\n\r\n",
		"both lengths, in strange letters": formHead + "CONTENT-LENGTH: 4\r\ntransfer-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n",
		"chunked alone":                    formHead + chunked + "\r\n3\r\nabc\r\n0\r\n\r\n",
		"both lengths to nowhere":          "POST /nowhere HTTP/1.1\r\nHost: as\r\nContent-Length: 4\r\n" + chunked + "\r\n0\r\n\r\n",
		"a GET with both lengths":          "GET /health/live HTTP/1.1\r\nHost: as\r\nContent-Length: 4\r\n" + chunked + "\r\n0\r\n\r\n",
		"HTTP/1.0 with both lengths":       "POST /token HTTP/1.0\r\nHost: as\r\nConnection: keep-alive\r\nContent-Length: 5\r\n" + chunked + "\r\n0\r\n\r\n",
	} {
		got := say(t, s, text+smuggled)
		if strings.Count(got, "HTTP/1.1 ")+strings.Count(got, "HTTP/1.0 ") != 1 || !strings.Contains(got, "Connection: close") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Bodies with a Content-Length keep the connection, whatever they contain: the control of the tests above.
func TestF_S12_SizedBodiesKeepTheConnection(t *testing.T) {
	t.Parallel()
	s := start(t, public(t, "https://as.example", ""), nil, nil)
	text := formHead + "Content-Length: 8\r\n\r\n\n x\n \t\n\n" + formHead + "content-length:0\r\n\r\n" + smuggled +
		formHead + "Content-Length: 26\r\n\r\nContent-Length: 9\r\n\n a\n b\n" + "GET /health/live HTTP/1.1\r\nHost: as\r\nConnection: close\r\n\r\n"
	if got := say(t, s, text); strings.Count(got, "HTTP/1.1 200 OK") != 5 {
		t.Errorf("%s", got)
	}
}

func TestF_S12_BareLFAndContinuedLinesAreRefused(t *testing.T) {
	t.Parallel()
	certified, _, _, _ := secured(t)
	plain := start(t, public(t, "https://as.example", ""), nil, nil)
	const health = "GET /health/live HTTP/1.1\r\nHost: as\r\n"
	for _, c := range []struct {
		name, text string
		good       int // earlier requests that are answered
	}{
		{"a continued line", health + "X: a\r\n b\r\n\r\n", 0},
		{"a line continued by a tab", health + "X: a\r\n\tb\r\n\r\n", 0},
		{"a hidden transfer coding", health + "X: a\nTransfer-Encoding: chunked\r\n\r\n", 0},
		{"a hidden end of the head", health + "X: a\n\n", 0},
		{"LF alone", "GET /health/live HTTP/1.1\nHost: as\n\n", 0},
		{"LF at the end of the head", health + "\n", 0},
		{"in the second request", smuggled + health + "X: a\nY: b\r\n\r\n", 1},
		{"behind a body", formHead + "Content-Length: 3\r\n\r\na\nb" + health + "X: a\n\n", 1},
		{"behind a body of a repeated length", formHead + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na\nb" + health + "X: a\r\n b\r\n\r\n", 1},
		{"a long line with a length", formHead + "Content-Length:" + strings.Repeat(" ", 100) + "3\r\n\r\nabc", 0},
	} {
		for scheme, got := range map[string]string{"http": say(t, plain, c.text+smuggled), "https": saySecurely(t, certified, c.text+smuggled)} {
			if strings.Count(got, "HTTP/1.1 200 OK") != c.good || strings.Count(got, "HTTP/1.1 ") != c.good+1 || !strings.Contains(got, "HTTP/1.1 400 Bad Request") {
				t.Errorf("%s, %s: %s", scheme, c.name, got)
			}
		}
	}
}

// saySecurely is say over TLS with HTTP/1.1.
func saySecurely(t *testing.T, s *Server, text string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := exchange(t, conn, text)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("%v after %q", err, answer)
	}
	return answer
}

// net/http still sees the TLS state of a connection, and clients that support HTTP/2 get it.
func TestHandlersSeeTheTLSOfARequest(t *testing.T) {
	t.Parallel()
	certFile, keyFile, _ := issue(t, t.TempDir())
	certs, err := LoadCertificates(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || !r.TLS.HandshakeComplete {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, r.Proto)
	}), certs, nil)
	for proto, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(proto, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: http2}
			res, err := (&http.Client{Transport: transport}).Get("https://" + s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			transport.CloseIdleConnections()
			if res.StatusCode != http.StatusOK || string(body) != proto {
				t.Errorf("%s: %d %s", proto, res.StatusCode, body)
			}
		})
	}
	if got := say(t, s, smuggled); !strings.HasPrefix(got, "HTTP/1.0 400") || !strings.Contains(got, "HTTPS server") {
		t.Errorf("plain HTTP to the TLS port: %s", got)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A handshake that never completes delays no other connection, and a stop does not wait for it.
func TestSlowHandshakesKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	s, _, _, _ := secured(t)
	for range 20 {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	if _, err := shake(s, &tls.Config{}); err != nil {
		t.Error(err)
	}
	began := time.Now()
	if err := s.Shutdown(t.Context()); err != nil || time.Since(began) > readHeaderTimeout {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// heads reads a stream as the server does. It reports whether a head that net/http accepts has a line that the scanner
// refuses, and how much of the stream was read until that line or until nothing more is served.
func heads(stream []byte) (bad bool, read int) {
	source := bytes.NewReader(stream)
	buffered := bufio.NewReaderSize(source, 16)
	at := func() int { return len(stream) - source.Len() - buffered.Buffered() }
	for {
		from := at()
		r, err := http.ReadRequest(buffered)
		if err != nil {
			return false, from
		}
		if head := stream[from:at()]; !lined(head) {
			return true, at()
		}
		_, err = io.Copy(io.Discard, r.Body)
		if err != nil || len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			return false, from
		}
	}
}

func lined(head []byte) bool {
	for line := range bytes.Lines(head) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || line[0] == ' ' || line[0] == '\t' {
			return false
		}
	}
	return true
}

// The scanner agrees with net/http about where the heads of a stream are, in whatever pieces the stream arrives.
func FuzzHeadScanner(f *testing.F) {
	for _, seed := range []string{
		"", smuggled, smuggled + smuggled, formHead + "Content-Length: 3\r\n\r\na\nb" + smuggled, formHead + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na\nb" + smuggled + "GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", formHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "\r\n" + smuggled,
		"GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\n" + smuggled, formHead + "content-length:\t5 \r\n\r\n\n\n\n\n\n" + smuggled, "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\na" + smuggled,
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		bad, read := heads(stream)
		var whole, pieces headScanner
		good := whole.scan(stream[:read]) == read
		if bad && good {
			t.Errorf("%q was let through", stream[:read])
		}
		if !bad && !good && !longLength(stream) {
			t.Errorf("%q was refused", stream[:read])
		}
		good = true
		piece = max(1, min(piece, 1000))
		for rest := stream[:read]; good && len(rest) > 0; {
			n := min(piece, len(rest))
			good = pieces.scan(rest[:n]) == n
			rest = rest[n:]
		}
		if again := new(headScanner).scan(stream[:read]) == read; good != again {
			t.Errorf("%q in pieces of %d: %v", stream[:read], piece, good)
		}
	})
}

// longLength reports whether a stream has a length whose line is longer than the scanner keeps.
func longLength(stream []byte) bool {
	for line := range bytes.Lines(stream) {
		if len(line) > 60 && bytes.HasPrefix(bytes.ToLower(line), []byte("content-length")) {
			return true
		}
	}
	return false
}

func BenchmarkHeadScanner(b *testing.B) {
	request := []byte("POST /introspect HTTP/1.1\r\nHost: auth.example.com\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 70\r\n" +
		"Accept: application/json\r\nAuthorization: Basic ZGVtbzpkZW1vLXNlY3JldA==\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 192.0.2.7\r\n" +
		"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nAccept-Encoding: gzip\r\n\r\n" + strings.Repeat("a", 70))
	var s headScanner
	b.ReportAllocs()
	for b.Loop() {
		if s.scan(request) < len(request) {
			b.Fatal("refused")
		}
	}
}
