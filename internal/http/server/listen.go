package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// The timeouts of a connection. They end connections that are slow on purpose, and are long enough for a poor network.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second // the whole request
	idleTimeout       = 75 * time.Second // a little longer than that of proxies, so that the proxy closes first
	writeMargin       = 10 * time.Second // time to send an answer, after the request timeout

	// The request line may be long, the headers not: web.HeaderLimit limits the headers alone.
	maxHeaderBytes = 72 << 10

	http2Streams = 100

	crowdedInterval = time.Minute // between two warnings
)

// Options are the settings of one listener.
type Options struct {
	Name string // for the log
	Addr string // host:port; port 0 means any free port
	// Listener replaces Addr when the caller has already opened it; Shutdown closes it.
	Listener net.Listener
	Handler  http.Handler
	TLS      *Certificates // nil means plain HTTP
	Timeout  time.Duration // of one request, as in Plumbing
	// MaxConnections bounds the open connections: at the bound a new connection replaces the one that has been idle
	// longest. 0 means no bound.
	MaxConnections int
	Log            *slog.Logger
}

// Server is one listener.
type Server struct {
	o        Options
	http     *http.Server
	listener net.Listener
	places   *places // nil: no bound
	crowded  atomic.Bool
	draining atomic.Bool
	done     chan error
}

// New returns a server that does not listen yet.
func New(o Options) *Server {
	s := &Server{o: o, done: make(chan error, 1)}
	s.http = &http.Server{
		Handler:           s.closeWhileDraining(closeAfterUnsized(o.Handler)),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + o.Timeout + writeMargin,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(quietHandler{o.Log.With("listener", o.Name).Handler()}, slog.LevelError),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: http2Streams, // CVE-2023-44487: bounds the concurrent work of one connection
			SendPingTimeout:      30 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     writeMargin,
		},
		Protocols: new(http.Protocols),
	}
	if o.MaxConnections > 0 {
		s.places = newPlaces(o.MaxConnections, s.warnCrowded)
		s.http.ConnState = s.places.watch
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(o.TLS != nil)
	return s
}

// Start opens the address and serves until Shutdown. It returns an error when the address cannot be opened.
func (s *Server) Start() error {
	s.listener = s.o.Listener
	if s.listener == nil {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.o.Addr)
		if err != nil {
			return fmt.Errorf("%s listener: %w", s.o.Name, err)
		}
		s.listener = listener
	}
	go func() { s.done <- s.serve() }()
	return nil
}

func (s *Server) serve() error {
	listener := s.listener
	if s.places != nil {
		listener = s.places.listener(listener)
	}
	if s.o.TLS == nil {
		listener = strictListener{listener}
	} else {
		s.http.TLSConfig = s.o.TLS.Config() // makes net/http speak HTTP/2
		listener = newHandshakes(listener, s.http.TLSConfig, s.o.Log.With("listener", s.o.Name))
	}
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// warnCrowded logs that the bound of connections is reached, at most once in crowdedInterval.
func (s *Server) warnCrowded() {
	if s.crowded.Swap(true) {
		return
	}
	time.AfterFunc(crowdedInterval, func() { s.crowded.Store(false) })
	s.o.Log.Warn("the limit of connections is reached: a new connection closes the one that has been idle longest", "listener", s.o.Name,
		"max_connections", s.o.MaxConnections)
}

// Addr returns the address on which the server listens; it is known after Start.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Handler returns the handler that the server serves.
func (s *Server) Handler() http.Handler { return s.o.Handler }

// Done returns a channel that receives the reason when serving has ended: nil after Shutdown.
func (s *Server) Done() <-chan error { return s.done }

// Drain makes every answer from now on the last one of its connection, and continues to accept connections. Without it
// Shutdown would close idle connections at the moment at which a proxy sends a request on one of them, and most proxies
// do not repeat a POST.
func (s *Server) Drain() { s.draining.Store(true) }

func (s *Server) closeWhileDraining(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			w.Header().Set("Connection", "close") // in HTTP/2 net/http sends GOAWAY instead
		}
		next.ServeHTTP(w, r)
	})
}

// Shutdown accepts no new connections and finishes the requests in flight. When ctx ends first, it closes the remaining
// connections and returns an error. On a server that was never started it does nothing.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s listener: requests were cut off: %w", s.o.Name, err), s.http.Close())
	}
	return nil
}

// quietHandler receives the log lines of net/http. Callers can cause most of them as often as they like, so these are
// logged at debug level, without the part that may quote the caller.
type quietHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h quietHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Level = slog.LevelDebug
	for prefix, level := range map[string]slog.Level{
		"http: TLS handshake error":              slog.LevelDebug,
		"http: URL query contains semicolon":     slog.LevelDebug,
		"http: panic serving":                    slog.LevelError, // outside web.Recover: in the middleware itself
		"http2: panic serving":                   slog.LevelError,
		"http: Accept error":                     slog.LevelError, // most likely out of file descriptors
		"http: superfluous response.WriteHeader": slog.LevelWarn,
	} {
		if strings.HasPrefix(record.Message, prefix) {
			record.Message, record.Level = prefix, level
		}
	}
	if !h.Enabled(ctx, record.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}
