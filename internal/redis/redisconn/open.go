package redisconn

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/durable"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// Open prepares the connection; it asks nothing yet, so that a daemon can start before its Redis.
// Check reports whether Redis can be used. The context bounds nothing but Open itself.
func Open(ctx context.Context, o Options) (*DB, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	redisdial.LogTo(o.Logger)
	db := &DB{
		opt: o, scripts: new(pipeline.Library), gate: &gate{now: o.Now}, data: dataset.New(o.keys().history, o.Logger, o.Now), writing: &writing{now: o.Now}, quit: make(chan struct{}),
	}
	db.claims = newClaims(db.scripts)
	if o.Mode == Embedded {
		db.opt.Username, db.opt.Password, db.opt.TLS = "", rand.Text(), nil
		if db.embedded, err = startEmbedded(db.opt.Password); err != nil {
			return nil, err
		}
		db.opt.Addrs = []string{db.embedded.server.Addr()}
	}
	db.opt.login = redisdial.NewLogin(redisdial.Credentials{
		Username: db.opt.Username, Password: db.opt.Password, SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
	})
	db.dial, db.keys = db.opt.Dial(), db.opt.keys()
	db.client = db.newClient()
	if err := pipeline.Instrument(db.client, o.Tracer); err != nil {
		return nil, err
	}
	write, read := db.senders()
	db.writes = pipeline.NewCommitter(o.writers(), db.stale, write)
	db.reads = pipeline.NewCommitter(o.readers(), db.stale, read)
	return db, nil
}

// senders returns the senders of writes and of reads.
func (db *DB) senders() (write, read pipeline.Sender) {
	if control := db.controlSender(); control != nil {
		return control, db.sendReads
	}
	switch {
	case db.opt.Durability == Strict && db.opt.Mode == Sentinel:
		db.sentinels = durable.NewSentinels(db.strict())
		return db.sentinels.Write, db.sentinels.Read
	case db.opt.Durability == Strict:
		db.shards = durable.NewCluster(db.strict(), db.cluster)
		return db.shards.Write, db.sendReads
	default:
		return db.sendWrites, db.sendReads
	}
}

// strict returns what strict durability needs from this connection.
func (db *DB) strict() durable.Options {
	return durable.Options{
		Dial: db.dial, Addrs: db.opt.Addrs, Scripts: db.scripts, Data: db.data, FenceKey: db.keys.fence,
		Client: db.nodeClient, Pause: db.pause, Quit: db.quit,
		Connections: db.opt.writers(), Pipeline: db.opt.pipelineTimeout(), Lease: db.opt.Lease, Observer: db.opt.Observer,
		OnState: db.opt.OnState, RoundTrip: db.opt.RoundTrip, Logger: db.opt.Logger, Now: db.opt.Now,
	}
}

func (db *DB) newClient() redis.UniversalClient {
	switch db.opt.Mode {
	case Sentinel:
		return redis.NewFailoverClient(db.dial.Failover(db.opt.Addrs, db.onConnectMaster))
	case Cluster:
		db.cluster = redis.NewClusterClient(db.dial.Cluster(db.opt.Addrs, db.onConnect))
		return db.cluster
	default:
		return db.dial.Client(db.opt.Addrs[0], db.onConnect)
	}
}

// nodeClient returns a client of one node; hook runs on each of its new connections.
func (db *DB) nodeClient(addr string, hook redisdial.Hook) *redis.Client {
	client := db.dial.Client(addr, hook)
	_ = pipeline.Instrument(client, db.opt.Tracer) // it succeeded for the first client, and for this kind it cannot fail
	return client
}

func (db *DB) onConnect(ctx context.Context, conn *redis.Conn) error {
	return db.scripts.Load(ctx, conn)
}

// onConnectMaster asks the server itself: a Sentinel that was cut off still names the old master.
// It asks by INFO because ROLE is refused to a user without dangerous commands.
func (db *DB) onConnectMaster(ctx context.Context, conn *redis.Conn) error {
	info, err := conn.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	switch quorum.ParseInfo(info)["role"] {
	case "master":
		return db.onConnect(ctx, conn)
	case "": // a Sentinel: the driver calls this for its connections to them too
		return nil
	default:
		return quorum.ErrNotMaster
	}
}
