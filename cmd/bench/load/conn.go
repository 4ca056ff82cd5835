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

// requestTimeout is the longest time that one request may take.
const requestTimeout = 15 * time.Second

// Conn is one connection that is kept alive. It writes requests as prepared bytes, because the generator shares the
// processors with the servers that it measures. It is for one goroutine.
type Conn struct {
	conn   net.Conn
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
	dialer := net.Dialer{Timeout: requestTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// Close closes the connection; a request that waits for its response fails.
func (c *Conn) Close() { _ = c.conn.Close() } // nothing is buffered

// Do sends one request and reads its response.
func (c *Conn) Do(raw []byte) (Answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
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
