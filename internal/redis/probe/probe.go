package probe

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// Prober asks the servers behind one connection. It is safe for concurrent use.
type Prober struct {
	db   *redisconn.DB
	opt  redisconn.Options // of the connection
	dial redisdial.Options

	snapshots atomic.Value // a Persistence: what Check found out about snapshots
}

// New returns a prober for an open connection. It asks nothing yet.
func New(db *redisconn.DB) *Prober {
	return &Prober{db: db, opt: db.Options(), dial: db.Options().Dial()}
}

// strict reports whether changes are acknowledged only when replicas have them.
func (p *Prober) strict() bool { return p.opt.Durability == redisconn.Strict }

// cluster returns the driver's client of the cluster; nil in every other mode.
func (p *Prober) cluster() *redis.ClusterClient {
	cluster, _ := p.db.Driver().(*redis.ClusterClient)
	return cluster
}
