package redisdial

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
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
	Username, Password                 string // of a Redis node
	SentinelUsername, SentinelPassword string
	MasterName                         string // of the group, as the Sentinels know it

	DB  int
	TLS *tls.Config // nil means plain TCP

	DialTimeout time.Duration
	Timeout     time.Duration // of one pipeline
}

// Hook runs on every new connection before it is used; an error closes the connection.
type Hook func(context.Context, *redis.Conn) error

// Server returns the driver's options for one node. MaxRetries is -1 because the driver would send a
// whole pipeline again whose outcome is unknown (I12).
func (o Options) Server(addr string) *redis.Options {
	return &redis.Options{
		Addr:                     addr,
		Username:                 o.Username,
		Password:                 o.Password,
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

// Client returns a client of one node, whatever its role. hook may be nil.
func (o Options) Client(addr string, hook Hook) *redis.Client {
	s := o.Server(addr)
	s.OnConnect = hook
	return redis.NewClient(s)
}

// Failover returns the driver's options for the master that Sentinels name.
func (o Options) Failover(sentinels []string, hook Hook) *redis.FailoverOptions {
	s := o.Server("")
	return &redis.FailoverOptions{
		MasterName:            o.MasterName,
		SentinelAddrs:         sentinels,
		SentinelUsername:      o.SentinelUsername,
		SentinelPassword:      o.SentinelPassword,
		OnConnect:             hook,
		Username:              s.Username,
		Password:              s.Password,
		DB:                    s.DB,
		TLSConfig:             s.TLSConfig,
		Protocol:              s.Protocol,
		DisableIdentity:       s.DisableIdentity,
		MaxRetries:            s.MaxRetries,
		DialTimeout:           s.DialTimeout,
		DialerRetries:         s.DialerRetries,
		ReadTimeout:           s.ReadTimeout,
		WriteTimeout:          s.WriteTimeout,
		ContextTimeoutEnabled: s.ContextTimeoutEnabled,
		PoolSize:              s.PoolSize,
		PoolTimeout:           s.PoolTimeout,
		PipelinePoolSize:      s.PipelinePoolSize,
	}
}

// Cluster returns the driver's options for a cluster. MaxRedirects stays at its default, so that MOVED
// and ASK are followed: after those the command was not executed.
func (o Options) Cluster(nodes []string, hook Hook) *redis.ClusterOptions {
	s := o.Server("")
	return &redis.ClusterOptions{
		Addrs:                    nodes,
		OnConnect:                hook,
		Username:                 s.Username,
		Password:                 s.Password,
		TLSConfig:                s.TLSConfig,
		Protocol:                 s.Protocol,
		DisableIdentity:          s.DisableIdentity,
		MaxRetries:               s.MaxRetries,
		DialTimeout:              s.DialTimeout,
		DialerRetries:            s.DialerRetries,
		ReadTimeout:              s.ReadTimeout,
		WriteTimeout:             s.WriteTimeout,
		ContextTimeoutEnabled:    s.ContextTimeoutEnabled,
		PoolSize:                 s.PoolSize,
		PoolTimeout:              s.PoolTimeout,
		PipelinePoolSize:         s.PipelinePoolSize,
		MaintNotificationsConfig: s.MaintNotificationsConfig,
	}
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
