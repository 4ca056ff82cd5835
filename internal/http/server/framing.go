package server

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strconv"
)

// A proxy may split a stream of bytes into other requests than this server does. Bytes that one of them reads as a body
// are then a request to the other (request smuggling). Two rules keep both views the same:
//
// F1: the connection is closed after a request whose body has no Content-Length, and after HTTP/1.0.
// F2: a head with a bare LF or with a continued line (obs-fold) is refused with 400.
//
// net/http accepts both cases of F2, as RFC 9112 §2.2 and §5.2 allow, and does not report them. Therefore strictConn
// checks the bytes first. net/http stays the only parser: strictConn changes and adds nothing.

// closeAfterUnsized implements F1. RFC 9112 §6.1 requires it when Content-Length and Transfer-Encoding occur together;
// net/http removes the one when the other is present. Callers of these endpoints send short forms and never chunk, so
// closing after every Transfer-Encoding costs them nothing.
func closeAfterUnsized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (len(r.TransferEncoding) > 0 || r.ProtoMinor == 0) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// errBadLine makes net/http answer 400 and close the connection.
var errBadLine = errors.New("a header line that ends in a bare LF or is continued")

// strictConn applies F2 to the request heads that are read from a connection.
type strictConn struct {
	net.Conn
	heads  headScanner
	broken bool
}

// Read implements net.Conn. The bytes before a bad line are returned, so that earlier requests are answered.
func (c *strictConn) Read(p []byte) (int, error) {
	if c.broken {
		return 0, errBadLine
	}
	n, err := c.Conn.Read(p)
	if good := c.heads.scan(p[:n]); good < n {
		c.broken = true
		if n, err = good, nil; good == 0 {
			err = errBadLine
		}
	}
	return n, err
}

// CloseWrite lets net/http end an answer before the connection.
func (c *strictConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// strictListener accepts connections as strict connections.
type strictListener struct{ net.Listener }

// Accept implements net.Listener.
func (l strictListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &strictConn{Conn: conn}, nil
}

// headScanner follows a stream of HTTP/1 requests: it checks heads line by line, and skips bodies with a
// Content-Length. Because of F1 no request follows a body of another kind. If the scanner and net/http would read
// different lengths, net/http refuses the request, and nothing follows either.
type headScanner struct {
	line      [64]byte // the beginning of the current line
	length    int      // of the current line so far
	last      byte     // the last byte of the current line
	lines     int      // complete lines of this head
	announced int64    // the Content-Length of this head
	chunked   bool     // this head has a Transfer-Encoding
	body      int64    // bytes of a body still to come
	unsized   bool     // all that follows is a body
}

// scan reads the next bytes of the stream and returns how many of them precede a bad line.
func (s *headScanner) scan(p []byte) int {
	at := 0
	for at < len(p) && !s.unsized {
		if s.body > 0 {
			skipped := min(s.body, int64(len(p)-at))
			s.body -= skipped
			at += int(skipped)
			continue
		}
		end := bytes.IndexByte(p[at:], '\n')
		if end < 0 {
			if !s.keep(p[at:]) {
				return at
			}
			break
		}
		if !s.keep(p[at:at+end]) || s.last != '\r' || !s.endLine() {
			return at
		}
		at += end + 1
	}
	return len(p)
}

// keep adds to the current line.
func (s *headScanner) keep(part []byte) bool {
	if len(part) == 0 {
		return true
	}
	if s.length == 0 && (part[0] == ' ' || part[0] == '\t') {
		return false
	}
	if s.length < len(s.line) {
		copy(s.line[s.length:], part)
	}
	s.length += len(part)
	s.last = part[len(part)-1]
	return true
}

// endLine handles a complete line. An empty line ends the head.
func (s *headScanner) endLine() bool {
	size := s.length - 1 // without the CR
	s.length, s.last = 0, 0
	if size == 0 {
		s.body, s.unsized = s.announced, s.chunked
		s.lines, s.announced = 0, 0
		return true
	}
	s.lines++
	if first := s.line[0] | 0x20; first != 'c' && first != 't' {
		return true // another field, as most lines are
	}
	name, value, isField := bytes.Cut(s.line[:min(size, len(s.line))], []byte{':'})
	switch {
	case s.lines == 1 || !isField: // the request line, or a line that net/http refuses
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		s.chunked = true
	case bytes.EqualFold(name, []byte("Content-Length")):
		length, err := strconv.ParseInt(string(bytes.Trim(value, " \t")), 10, 64)
		s.announced = max(length, 0) // net/http refuses other lengths, and two that differ
		return err == nil && size <= len(s.line)
	}
	return true
}
