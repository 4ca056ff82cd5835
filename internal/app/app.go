package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/audit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/http/page"
	"github.com/recipe-web-app/oauth2d/internal/http/server"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/rotation"
	"github.com/recipe-web-app/oauth2d/internal/tracing"
	"github.com/recipe-web-app/oauth2d/internal/upkeep"
)

// Options hold the dependencies of an App on its process. The zero Options is valid.
type Options struct {
	Now     func() time.Time // default: time.Now. Must include the monotonic clock. If it is set, the scripts in Redis use it, too
	LogTo   io.Writer        // default: os.Stderr
	AuditTo io.Writer        // default: os.Stdout. Receives the events, unless audit.stdout is off
	Version string           // shown by the metrics

	// DevRedirects are the redirect URIs of an application under development: serve --dev registers them for
	// DemoOwnClient and DemoClient.
	DevRedirects []string
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogTo == nil {
		o.LogTo = os.Stderr
	}
	if o.AuditTo == nil {
		o.AuditTo = os.Stdout
	}
	return o
}

// App is a whole server. Its methods are for one goroutine, except Addr, AdminAddr and Issuer.
type App struct {
	config  config.Config
	options Options
	issuer  string
	log     *slog.Logger
	logging logging
	metrics *metric.Metrics
	pulse   *pulse
	audit   *audit.Log
	secrets *rotation.Rotation
	events  event.Sink
	tracing *tracing.Tracing
	rules   rules
	counted atomic.Int64                 // live sessions; below 0: not counted yet
	felt    atomic.Pointer[probe.Health] // of Redis, when it last answered

	certificateEnds *upkeep.Certificates
	backups         *upkeep.Backups

	listener, adminListener net.Listener
	health                  *endpoint.Health
	pages                   *page.Pages
	certificates            *server.Certificates
	public, admin           *server.Server

	tasks    sync.WaitGroup
	failed   chan error
	cleanups []closing
}

// closing undoes a step of New.
type closing struct {
	what string
	do   func(context.Context) error
}

// New makes a server from checked settings. When it returns, the listeners are open, so that the addresses are known;
// Start begins to answer. When a step fails, everything that was opened is closed again. The error is one line with the
// fault and the remedy.
func New(ctx context.Context, c config.Config, o Options) (_ *App, err error) {
	moved := o.Now != nil
	o = o.withDefaults()
	if err := CheckFiles(c).Err(); err != nil { // the addresses are opened below
		return nil, err
	}
	a := &App{config: c, options: o, metrics: metric.New(o.Version, Supported()), failed: make(chan error, 2)}
	a.logging = newLogging(c.Log, o.LogTo, a.metrics.LogLinesDropped)
	a.log = a.logging.Logger
	a.onStop("log", func(context.Context) error { return a.logging.buffer.Flush() })
	a.pulse = newPulse(a.log, partRedis, partDurability, partKeys)
	defer func() {
		if err != nil {
			_ = a.Stop(ctx) // return the first error
		}
	}()
	a.warnLooseFiles()
	if err := a.listen(ctx); err != nil {
		return nil, err
	}
	if err := a.loadCertificates(); err != nil {
		return nil, err
	}
	a.certificateEnds = newCertificateEnds(c)
	if a.tracing, err = newTracing(ctx, c.Tracing, o.Version, a.log); err != nil {
		return nil, err
	}
	a.onStop("tracing", a.tracing.Stop)
	s, err := openStores(ctx, c.Redis, ownerOf(c), watch{
		call: a.metrics.RedisCall, state: a.pulse.durability, tracer: a.tracing.Provider(), peer: a.certificateEnds.Handshake, log: a.log, moved: moved,
		patience: c.Redis.StartTimeout,
	})
	if err != nil {
		return nil, err
	}
	a.onStop("redis", func(context.Context) error { return s.db.Close() })
	events := a.openAudit(s.audit)
	a.events = events
	b, err := newBase(ctx, c, s.of(a.issuer), events, o.Now)
	if err != nil {
		return nil, err
	}
	a.audit.Start(b.ring)
	a.rules = newRules(c, a.issuer, b, events, o.Now)
	a.secrets = secretsOf(a.rules, c, o.Now)
	a.watchState()
	if c.Dev {
		if err := seedDemo(ctx, b, a.issuer, o.DevRedirects); err != nil {
			return nil, err
		}
	}
	if err := a.makeServers(); err != nil {
		return nil, err
	}
	return a, nil
}

// listen opens both addresses. With --dev the issuer follows the address, so that port 0 works.
func (a *App) listen(ctx context.Context) error {
	var err error
	if a.listener, err = a.take(ctx, "server.listen", a.config.Server.Listen); err != nil {
		return err
	}
	if a.adminListener, err = a.take(ctx, "admin.listen", a.config.Admin.Listen); err != nil {
		return err
	}
	a.issuer = a.config.Issuer
	if a.issuer == "" {
		scheme := "http://"
		if a.config.Server.TLS.Enabled() {
			scheme = "https://"
		}
		a.issuer = scheme + a.Addr()
	}
	return nil
}

func (a *App) take(ctx context.Context, key, addr string) (net.Listener, error) {
	var how net.ListenConfig
	l, err := how.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; hint: another process may have that port, or the address is not this machine's", key, err)
	}
	a.onStop(key, func(context.Context) error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// Addr returns the address of the public listener.
func (a *App) Addr() string { return a.listener.Addr().String() }

// AdminAddr returns the address of the operators' listener.
func (a *App) AdminAddr() string { return a.adminListener.Addr().String() }

// Issuer returns the issuer identifier; every URL in the metadata begins with it.
func (a *App) Issuer() string { return a.issuer }

// Server returns the public listener, for callers that send it requests without a network.
func (a *App) Server() *server.Server { return a.public }

// Failed returns a channel that receives the error of a listener that stopped by itself. A server that is stopped does
// not fail.
func (a *App) Failed() <-chan error { return a.failed }

// onStop registers how to undo a step of New or Start.
func (a *App) onStop(what string, do func(context.Context) error) {
	a.cleanups = append(a.cleanups, closing{what, do})
}

// Stop undoes New and Start in the opposite order: it finishes the requests in flight, at most until ctx ends, and then
// closes the connection to Redis. A second call does nothing.
func (a *App) Stop(ctx context.Context) error {
	var all []error
	for _, one := range slices.Backward(a.cleanups) {
		if err := one.do(ctx); err != nil {
			all = append(all, fmt.Errorf("%s: %w", one.what, err))
		}
	}
	a.cleanups = nil
	return errors.Join(all...)
}
