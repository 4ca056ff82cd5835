package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
)

// protocolHTTP2 is the name of HTTP/2 in the TLS handshake (ALPN).
const protocolHTTP2 = "h2"

// plainAnswer is sent to a caller that uses plain HTTP on a TLS port.
const plainAnswer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

// handshakes is a listener whose connections have completed the TLS handshake. net/http would do the handshake by
// itself, but then strictConn could not check the bytes of HTTP/1. A connection that negotiated HTTP/2 is returned as a
// *tls.Conn, as net/http requires: its framing has no such gaps.
type handshakes struct {
	net.Listener
	config *tls.Config
	log    *slog.Logger
	ready  chan net.Conn
	failed chan error
	ctx    context.Context // ends with the listener
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// newHandshakes begins to accept. A slow handshake delays no other connection.
func newHandshakes(l net.Listener, config *tls.Config, log *slog.Logger) *handshakes {
	ctx, cancel := context.WithCancel(context.Background())
	h := &handshakes{Listener: l, config: config, log: log, ready: make(chan net.Conn), failed: make(chan error, 1), ctx: ctx, cancel: cancel}
	go h.run()
	return h
}

func (h *handshakes) run() {
	for {
		conn, err := h.Listener.Accept()
		if err == nil {
			h.all.Go(func() { h.shake(conn) })
			continue
		}
		select {
		case h.failed <- err: // net/http decides whether it accepts again later, or closes this listener
		case <-h.ctx.Done():
			return
		}
	}
}

// shake completes one handshake within readHeaderTimeout.
func (h *handshakes) shake(raw net.Conn) {
	conn := tls.Server(raw, h.config)
	ctx, cancel := context.WithTimeout(h.ctx, readHeaderTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		if _, ok := errors.AsType[tls.RecordHeaderError](err); ok { // most likely plain HTTP
			_, _ = io.WriteString(raw, plainAnswer)
		}
		h.log.Debug("http: TLS handshake error")
		_ = raw.Close() // no request was read
		return
	}
	var ready net.Conn = conn
	if conn.ConnectionState().NegotiatedProtocol != protocolHTTP2 {
		ready = &secureConn{strictConn{Conn: conn}, conn}
	}
	select {
	case h.ready <- ready:
	case <-h.ctx.Done():
		_ = raw.Close() // the server has stopped
	}
}

// Accept implements net.Listener.
func (h *handshakes) Accept() (net.Conn, error) {
	select {
	case conn := <-h.ready:
		return conn, nil
	case err := <-h.failed:
		return nil, err
	case <-h.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It aborts handshakes that are not complete.
func (h *handshakes) Close() error {
	h.cancel()
	err := h.Listener.Close()
	h.all.Wait()
	return err
}

// secureConn is a strict connection that reports its TLS state to net/http.
type secureConn struct {
	strictConn
	tls *tls.Conn
}

// ConnectionState makes net/http set Request.TLS.
func (c *secureConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
