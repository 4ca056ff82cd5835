package snapshot

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/rdb"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

// bufferSize is that of each direction of a connection.
const bufferSize = 256 << 10

// idleTimeout is the longest silence of a server. While it prepares a snapshot it sends a newline every second.
const idleTimeout = time.Minute

// wire is a connection of its own to one server: the driver neither receives a snapshot nor streams a value.
type wire struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
	now  func() time.Time
}

// connect opens a connection and signs in. The connection ends with the context.
func connect(ctx context.Context, o redisconn.Options, addr string) (*wire, error) {
	timed, cancel := context.WithTimeout(ctx, max(o.DialTimeout, 3*time.Second))
	defer cancel()
	var (
		conn net.Conn
		err  error
	)
	if o.TLS == nil {
		conn, err = new(net.Dialer).DialContext(timed, "tcp", addr)
	} else {
		conn, err = (&tls.Dialer{Config: o.TLS}).DialContext(timed, "tcp", addr)
	}
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	w := &wire{addr: addr, conn: conn, out: bufio.NewWriterSize(idle{conn, o.Now}, bufferSize), in: bufio.NewReaderSize(idle{conn, o.Now}, bufferSize), now: o.Now}
	if err := w.signIn(o); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return w, nil
}

func (w *wire) signIn(o redisconn.Options) error {
	if o.Password != "" {
		words := []string{"AUTH", o.Password}
		if o.Username != "" {
			words = []string{"AUTH", o.Username, o.Password}
		}
		if _, err := w.ask(words...); err != nil {
			return err
		}
	}
	if o.DB != 0 {
		_, err := w.ask("SELECT", strconv.Itoa(o.DB))
		return err
	}
	return nil
}

func (w *wire) close() { _ = w.conn.Close() }

// idle is a connection whose reads and writes fail after idleTimeout.
type idle struct {
	net.Conn
	now func() time.Time
}

// Read implements io.Reader.
func (c idle) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(c.now().Add(idleTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write implements io.Writer.
func (c idle) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(c.now().Add(idleTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// refusal is an error that a server answers.
type refusal string

func (r refusal) Error() string { return string(r) }

// code is the first word of the answer.
func (r refusal) code() string {
	first, _, _ := strings.Cut(string(r), " ")
	return first
}

// header begins a command of some words.
func (w *wire) header(words int) { _, _ = fmt.Fprintf(w.out, "*%d\r\n", words) } // flush reports errors

// word adds one.
func (w *wire) word(text []byte) {
	w.size(int64(len(text)))
	_, _ = w.out.Write(text) // flush reports errors
	_, _ = w.out.WriteString("\r\n")
}

func (w *wire) size(n int64) {
	_, _ = w.out.WriteString("$" + strconv.FormatInt(n, 10) + "\r\n") // flush reports errors
}

// send queues a command.
func (w *wire) send(words ...string) {
	w.header(len(words))
	for _, one := range words {
		w.word([]byte(one))
	}
}

// ask sends a command and returns its answer, if that is a line, a number or a string.
func (w *wire) ask(words ...string) (string, error) {
	w.send(words...)
	if err := w.out.Flush(); err != nil {
		return "", err
	}
	answer, err := w.answer()
	return string(answer), err
}

// line reads one line.
func (w *wire) line() (string, error) {
	text, err := w.in.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimRight(text, "\r\n"), err
}

// answer reads a line, a number or a string; nil: there is no such thing.
func (w *wire) answer() ([]byte, error) {
	line, err := w.line()
	if err != nil {
		return nil, err
	}
	if line == "" {
		return nil, fmt.Errorf("%w: an answer is empty", rdb.ErrStream)
	}
	switch rest := line[1:]; line[0] {
	case '+', ':':
		return []byte(rest), nil
	case '-':
		return nil, refusal(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: an answer begins with %q", rdb.ErrStream, line)
		}
		if n < 0 {
			return nil, nil
		}
		text := make([]byte, n+2)
		_, err = io.ReadFull(w.in, text)
		return text[:n], err
	}
	return nil, fmt.Errorf("%w: an answer begins with %q", rdb.ErrStream, line)
}
