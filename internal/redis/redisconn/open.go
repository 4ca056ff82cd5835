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
	db := &DB{
		opt: o, scripts: &library{}, gate: &gate{now: o.Now}, claims: newClaims(), data: &dataset{log: o.Logger}, writing: &writing{now: o.Now},
	}
	if o.Mode == Embedded {
		db.opt.Username, db.opt.Password, db.opt.TLS = "", rand.Text(), nil
		if db.embedded, err = startEmbedded(db.opt.Password); err != nil {
			return nil, err
		}
		db.opt.Addrs = []string{db.embedded.server.Addr()}
	}
	db.client = db.newClient()
	if err := db.instrument(db.client); err != nil {
		return nil, err
	}
	write, read := db.senders()
	db.writes = newCommitter(o.writers(), db.stale, write)
	db.reads = newCommitter(o.readers(), db.stale, read)
	return db, nil
}

// senders are what stands behind the two doors.
func (db *DB) senders() (write, read sender) {
	switch {
	case db.opt.Durability == Strict && db.opt.Mode == Sentinel:
		db.durable = newDurable(db)
		return db.durable.write, db.durable.read
	case db.opt.Durability == Strict:
		db.waiter = newWaiter(db)
		return db.waiter.write, db.sendReads
	case db.opt.Durability == WaitOne:
		return db.sendWaitOne, db.sendReads
	default:
		return db.sendWrites, db.sendReads
	}
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

// plain is a client of one server, whoever that is.
func (db *DB) plain(addr string) *redis.Client { return redis.NewClient(db.serverOptions(addr)) }

// serverClient is a client of one server whose every new connection is looked at.
func (db *DB) serverClient(addr string, onConnect func(context.Context, *redis.Conn) error) *redis.Client {
	o := db.serverOptions(addr)
	o.OnConnect = onConnect
	client := redis.NewClient(o)
	_ = db.instrument(client) // it went well for the first client, and for this kind it cannot fail
	return client
}

// sentinel is a client of one Sentinel.
func (db *DB) sentinel(addr string) *redis.SentinelClient {
	o := db.serverOptions(addr)
	o.Username, o.Password, o.DB = db.opt.SentinelUsername, db.opt.SentinelPassword, 0
	return redis.NewSentinelClient(o)
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

// onConnectTo makes sure that the server is the master whose history is expected.
func (db *DB) onConnectTo(ctx context.Context, conn *redis.Conn, replid string) error {
	text, err := conn.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	if info := parseInfo(text); info["role"] != "master" || info["master_replid"] != replid {
		return errNotMaster
	}
	return db.onConnect(ctx, conn)
}

// driverLog passes on what the driver prints.
type driverLog struct{ log *slog.Logger }

// Printf implements the driver's logger.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	if d.log.Enabled(ctx, slog.LevelDebug) {
		d.log.DebugContext(ctx, "redis driver", "says", strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
