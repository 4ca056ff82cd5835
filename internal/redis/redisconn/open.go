package redisconn

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// poolPlaces is how many connections the driver may open. The committers use a handful; the number
// is high because the driver's circuit breaker counts failed dials against it.
const poolPlaces = 4096

// Open prepares the connection; it asks nothing yet, so that a daemon can start before its Redis.
// Check tells whether Redis can be used. The context bounds nothing but Open itself.
func Open(ctx context.Context, o Options) (*DB, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	redis.SetLogger(driverLog{o.Logger})
	db := &DB{opt: o, scripts: &library{}, gate: &gate{now: o.Now}}
	if o.Mode == Embedded {
		db.opt.Username, db.opt.Password, db.opt.TLS = "", rand.Text(), nil
		if db.embedded, err = startEmbedded(db.opt.Password); err != nil {
			return nil, err
		}
		db.opt.Addrs = []string{db.embedded.server.Addr()}
	}
	db.client = db.newClient()
	db.writes = newCommitter(o.writers(), db.stale, db.sendWrites)
	db.reads = newCommitter(o.readers(), db.stale, db.sendReads)
	return db, nil
}

func (db *DB) newClient() redis.UniversalClient {
	switch db.opt.Mode {
	case Sentinel:
		return redis.NewFailoverClient(db.failoverOptions())
	case Cluster:
		return redis.NewClusterClient(db.clusterOptions())
	default:
		o := db.serverOptions(db.opt.Addrs[0])
		o.OnConnect = db.onConnect
		return redis.NewClient(o)
	}
}

// serverOptions are how one server is spoken to. MaxRetries is -1 because the driver would send a
// whole pipeline again whose outcome is unknown.
func (db *DB) serverOptions(addr string) *redis.Options {
	return &redis.Options{
		Addr:                     addr,
		Username:                 db.opt.Username,
		Password:                 db.opt.Password,
		DB:                       db.opt.DB,
		TLSConfig:                db.opt.TLS,
		Protocol:                 2,
		DisableIdentity:          true,
		MaxRetries:               -1,
		DialTimeout:              db.opt.DialTimeout,
		DialerRetries:            1,
		ReadTimeout:              db.opt.Timeout,
		WriteTimeout:             db.opt.Timeout,
		ContextTimeoutEnabled:    true,
		PoolSize:                 poolPlaces,
		PoolTimeout:              db.opt.Timeout,
		PipelinePoolSize:         -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func (db *DB) failoverOptions() *redis.FailoverOptions {
	s := db.serverOptions("")
	return &redis.FailoverOptions{
		MasterName:            db.opt.MasterName,
		SentinelAddrs:         db.opt.Addrs,
		SentinelUsername:      db.opt.SentinelUsername,
		SentinelPassword:      db.opt.SentinelPassword,
		OnConnect:             db.onConnectMaster,
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

// clusterOptions leaves MaxRedirects at its default, so that MOVED and ASK are followed; that a
// write is not repeated for other reasons is said by the write itself.
func (db *DB) clusterOptions() *redis.ClusterOptions {
	s := db.serverOptions("")
	return &redis.ClusterOptions{
		Addrs:                    db.opt.Addrs,
		OnConnect:                db.onConnect,
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

func (db *DB) onConnect(ctx context.Context, conn *redis.Conn) error {
	return db.scripts.load(ctx, conn)
}

// onConnectMaster asks the server itself: a Sentinel that was cut off still names the old master.
// It asks by INFO because ROLE is refused to a user without dangerous commands.
func (db *DB) onConnectMaster(ctx context.Context, conn *redis.Conn) error {
	info, err := conn.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	switch parseInfo(info)["role"] {
	case "master":
		return db.onConnect(ctx, conn)
	case "": // a Sentinel: the driver calls this for its connections to them too
		return nil
	default:
		return errNotMaster
	}
}

// driverLog passes on what the driver prints.
type driverLog struct{ log *slog.Logger }

// Printf implements the driver's logger.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	if d.log.Enabled(ctx, slog.LevelDebug) {
		d.log.DebugContext(ctx, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
