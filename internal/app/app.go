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
	"github.com/recipe-web-app/oauth2d/internal/tracing"
)

// Options holds the parts that an App takes from its process. The zero Options is valid.
type Options struct {
	Now     func() time.Time // time.Now; must carry the monotonic clock, as that does. Redis follows it when it is set
	LogTo   io.Writer        // os.Stderr
	AuditTo io.Writer        // os.Stdout; it gets the facts, unless the settings say otherwise
	Version string           // shown by the metrics

	// DevRedirects are the redirect URIs of a newcomer's own application: with serve --dev they are registered
	// for DemoOwnClient and DemoClient.
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

// App is a whole server. Its methods are for one goroutine, but for Addr, AdminAddr and Issuer.
type App struct {
	config  config.Config
	options Options
	issuer  string
	log     *slog.Logger
	level   *slog.LevelVar
	metrics *metric.Metrics
	pulse   *pulse
	audit   *audit.Log
	events  event.Sink
	tracing *tracing.Tracing
	rules   rules
	counted atomic.Int64                 // live sessions; below 0: not yet
	felt    atomic.Pointer[probe.Health] // of Redis, when it last answered

	listener, adminListener net.Listener
	health                  *endpoint.Health
	pages                   *page.Pages
	certificates            *server.Certificates
	public, admin           *server.Server

	tasks    sync.WaitGroup
	failed   chan error
	cleanups []closing
}

// closing ends what a step of New began.
type closing struct {
	what string
	do   func(context.Context) error
}

// New makes a server out of checked settings. It listens when it returns, so that the addresses are
// known, and answers after Start. What was opened is closed again when something fails; the error is
// one line that says what is wrong and what to do.
func New(ctx context.Context, c config.Config, o Options) (_ *App, err error) {
	moved := o.Now != nil
	o = o.withDefaults()
	if err := CheckFiles(c).Err(); err != nil { // addresses are taken below
		return nil, err
	}
	a := &App{config: c, options: o, metrics: metric.New(o.Version, Supported()), failed: make(chan error, 2)}
	a.log, a.level = newLogger(c.Log, o.LogTo)
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
	if a.tracing, err = newTracing(ctx, c.Tracing, o.Version, a.log); err != nil {
		return nil, err
	}
	a.onStop("tracing", a.tracing.Stop)
	s, err := openStores(ctx, c.Redis, ownerOf(c), watch{
		call: a.metrics.RedisCall, state: a.pulse.durability, tracer: a.tracing.Provider(), log: a.log, now: o.Now, moved: moved,
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

// listen takes both addresses. With --dev the issuer follows the address, so that port 0 works.
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

// Addr is where the public listener listens.
func (a *App) Addr() string { return a.listener.Addr().String() }

// AdminAddr is where the operators' listener listens.
func (a *App) AdminAddr() string { return a.adminListener.Addr().String() }

// Issuer is the issuer identifier; every URL in the metadata begins with it.
func (a *App) Issuer() string { return a.issuer }

// Server is the public listener, for those who want to ask it without a network.
func (a *App) Server() *server.Server { return a.public }

// Failed reports a listener that stopped by itself. A server that is stopped does not fail.
func (a *App) Failed() <-chan error { return a.failed }

// onStop remembers how to end what was just begun.
func (a *App) onStop(what string, do func(context.Context) error) {
	a.cleanups = append(a.cleanups, closing{what, do})
}

// Stop ends everything in the opposite order of New and Start: requests in flight are finished as
// long as ctx lasts, then Redis is left. Stopping twice is stopping once.
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
