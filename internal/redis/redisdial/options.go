package redisdial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// maxConnections is the number of connections that the driver may open. The daemon uses a handful; the number is
// high because the driver's circuit breaker counts failed dials against it.
const maxConnections = 4096

// Options describe how servers are reached. All of them get the same timeouts and the same TLS settings.
type Options struct {
	Login      *Login // nil means no name and no password
	MasterName string // of the group, as the Sentinels know it

	DB    int
	TLS   *tls.Config           // nil means plain TCP
	Roots func() *x509.CertPool // asked for each connection; nil means those of TLS

	DialTimeout time.Duration
	Timeout     time.Duration // of one pipeline
}

// Hook runs on every new connection before it is used; an error closes the connection.
type Hook func(context.Context, *redis.Conn) error

// common returns the driver's options for servers of any kind. MaxRetries is -1 because the driver would send a
// whole pipeline again whose outcome is unknown (I12).
func (o Options) common(addrs []string, hook Hook) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs:                    addrs,
		OnConnect:                hook,
		Dialer:                   o.dial,
		CredentialsProvider:      o.Login.node,
		DB:                       o.DB,
		TLSConfig:                o.TLS,
		Protocol:                 2,
		DisableIdentity:          true,
		MaxRetries:               -1,
		DialTimeout:              o.DialTimeout,
		DialerRetries:            1,
		ReadTimeout:              o.Timeout,
		WriteTimeout:             o.Timeout,
		ContextTimeoutEnabled:    true,
		PoolSize:                 maxConnections,
		PoolTimeout:              o.Timeout,
		PipelinePoolSize:         -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// dial opens one connection. The roots are asked each time, so that a new authority needs no restart.
func (o Options) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{
		Timeout:         o.DialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	if o.TLS == nil {
		return plain.DialContext(ctx, network, addr)
	}
	config := o.TLS
	if o.Roots != nil {
		config = config.Clone()
		config.RootCAs = o.Roots()
	}
	return (&tls.Dialer{NetDialer: plain, Config: config}).DialContext(ctx, network, addr)
}

// Server returns the driver's options for one node.
func (o Options) Server(addr string) *redis.Options { return o.common([]string{addr}, nil).Simple() }

// Client returns a client of one node, whatever its role. hook may be nil.
func (o Options) Client(addr string, hook Hook) *redis.Client {
	return redis.NewClient(o.common([]string{addr}, hook).Simple())
}

// Failover returns the driver's options for the master that Sentinels name.
func (o Options) Failover(sentinels []string, hook Hook) *redis.FailoverOptions {
	c := o.common(sentinels, o.Login.toSentinels(hook))
	c.MasterName = o.MasterName
	return c.Failover()
}

// Cluster returns the driver's options for a cluster. MaxRedirects stays at its default, so that MOVED
// and ASK are followed: after those the command was not executed.
func (o Options) Cluster(nodes []string, hook Hook) *redis.ClusterOptions {
	return o.common(nodes, hook).Cluster()
}

// LogTo sends what the driver prints to a log, at debug level. The driver has one log for the process.
func LogTo(log *slog.Logger) { redis.SetLogger(driverLog{log}) }

type driverLog struct{ log *slog.Logger }

// Printf implements the driver's logger.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	if d.log.Enabled(ctx, slog.LevelDebug) {
		d.log.DebugContext(ctx, "redis driver", "message", strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
