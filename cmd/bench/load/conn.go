package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	requestTimeout = 15 * time.Second // the longest time that one request may take
	idleLimit      = 3 * time.Second  // servers close an idle connection, ours a new one after 5 s
)

// Conn is one connection that is kept alive. It writes requests as prepared bytes, because the generator shares the
// processors with the servers that it measures. It is for one goroutine.
type Conn struct {
	addr   string
	conn   net.Conn
	used   time.Time // when the last request was sent
	reader *bufio.Reader
	body   bytes.Buffer
}

// Answer is a response that was read completely. The next request on the connection overwrites Body.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Dial opens a connection.
func Dial(ctx context.Context, addr string) (*Conn, error) {
	c := &Conn{addr: addr}
	if err := c.dial(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Conn) dial(ctx context.Context) error {
	dialer := net.Dialer{Timeout: requestTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	c.conn, c.reader, c.used = conn, bufio.NewReaderSize(conn, 16<<10), time.Now()
	return nil
}

// Close closes the connection; a request that waits for its response fails.
func (c *Conn) Close() { _ = c.conn.Close() } // nothing is buffered

// Do sends one request and reads its response. A connection that was idle for long is replaced before, as the server may
// be closing it.
func (c *Conn) Do(raw []byte) (Answer, error) {
	now := time.Now()
	if now.Sub(c.used) > idleLimit {
		c.Close()
		if err := c.dial(context.Background()); err != nil {
			return Answer{}, err
		}
	}
	c.used = now
	if err := c.conn.SetDeadline(now.Add(requestTimeout)); err != nil {
		return Answer{}, err
	}
	if _, err := c.conn.Write(raw); err != nil {
		return Answer{}, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read to its end
	c.body.Reset()
	if _, err := c.body.ReadFrom(response.Body); err != nil {
		return Answer{}, err
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: c.body.Bytes()}, nil
}

// Request is an HTTP/1.1 request before it is written as bytes.
type Request struct {
	Method, Path, Host string
	Header             map[string]string
	Form               string // the body of a POST, encoded as a form
}

// Bytes returns the request as it is sent.
func (r Request) Bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Path, r.Host)
	for name, value := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if r.Method == http.MethodPost {
		b.WriteString("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(r.Form)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.WriteString(r.Form)
	return []byte(b.String())
}
