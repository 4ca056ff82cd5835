package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/epoch"
	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// stores holds the implementations of the contracts, on one connection.
type stores struct {
	db       *redisconn.DB
	prober   *probe.Prober
	owner    string // the issuer whose data it is
	clients  store.Clients
	fresh    store.Freshness
	grants   store.Grants
	access   store.Access
	sessions store.Sessions
	consents store.Consents
	requests store.Requests
	rosters  store.Rosters
	users    store.Users
	keys     store.Keys
	backups  store.Backups
	audit    store.Audit
	limits   store.Limits
	sweeps   store.Sweeps
	overview store.Overview

	revocations store.Revocations
}

// watch holds the observers of every call to Redis, and the options of the connection.
type watch struct {
	call   func(verb, result string, took time.Duration)
	state  func(redisconn.State)           // of strict durability
	tracer trace.TracerProvider            // nil: no traces
	peer   func(tls.ConnectionState) error // nil: certificates of Redis are not looked at
	log    *slog.Logger
	moved  bool // the clock is that of a test: scripts use it instead of the clock of Redis

	patience time.Duration // how long to wait for a Redis that cannot be reached yet
	observer bool          // nothing is changed
}

// retryEvery is the interval between attempts while Redis is not ready.
const retryEvery = 250 * time.Millisecond

// awaitRedis checks and claims Redis until that succeeds, fails for good, or the time is over. It returns the issuer of
// the data in Redis.
func awaitRedis(ctx context.Context, s stores, owner redisconn.Owner, w watch) (string, error) {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	deadline := time.NewTimer(w.patience)
	defer deadline.Stop()
	said := ""
	for {
		err := s.prober.Check(ctx)
		if err == nil {
			var found string
			if found, err = s.db.Claim(ctx, owner); err == nil {
				return found, nil
			}
		}
		if !probe.Passing(err) || w.patience <= 0 {
			return "", err
		}
		if text := err.Error(); text != said {
			said = text
			w.log.InfoContext(ctx, "waiting for Redis", "reason", text, "at_most", w.patience.String())
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("stopped while waiting: %w", err)
		case <-deadline.C:
			return "", fmt.Errorf("waited %s (redis.start_timeout): %w", w.patience, err)
		case <-retry.C:
		}
	}
}

// devOwner is the owner of the data of serve --dev, whose issuer follows the listener. Because of it, the demo's
// clients, whose secrets everybody knows, are never created in the Redis of a real server.
const devOwner = "oauth2d serve --dev"

// ownerOf returns the owners whose data a server with these settings accepts in Redis.
func ownerOf(c config.Config) redisconn.Owner {
	if c.Dev && c.Issuer == "" {
		return redisconn.Owner{Name: devOwner}
	}
	return redisconn.Owner{Name: c.Issuer, Previous: c.IssuerPrevious}
}

// openStores connects to Redis, checks that it can be used as configured, and claims its data for the owner. It waits
// at most w.patience for a Redis that cannot be reached yet. The error is one line with the remedy.
func openStores(ctx context.Context, c config.Redis, owner redisconn.Owner, w watch) (stores, error) {
	db, err := openDB(ctx, c, w)
	if err != nil {
		return stores{}, err
	}
	prober := probe.New(db)
	found, err := awaitRedis(ctx, stores{db: db, prober: prober}, owner, w)
	if err != nil {
		_ = db.Close() // return the first error
		return stores{}, err
	}
	return stores{
		db:       db,
		prober:   prober,
		owner:    found,
		clients:  redisstore.NewClients(db),
		fresh:    redisstore.NewFreshness(db),
		grants:   redisstore.NewGrants(db),
		access:   redisstore.NewAccess(db),
		sessions: redisstore.NewSessions(db),
		consents: redisstore.NewConsents(db),
		requests: serverstore.NewRequests(db),
		rosters:  serverstore.NewRosters(db),
		users:    redisstore.NewUsers(db),
		keys:     serverstore.NewKeys(db),
		backups:  serverstore.NewBackups(db),
		audit:    serverstore.NewAudit(db),
		limits:   serverstore.NewLimits(db),
		sweeps:   redisstore.NewSweeps(db),
		overview: redisstore.NewOverview(db),

		revocations: redisstore.NewRevocations(db),
	}, nil
}

// of returns the stores for an issuer.
func (s stores) of(issuer string) stores {
	s.owner = issuer
	return s
}

// since returns the stores behind the epoch: they return nothing that is older.
func (s stores) since(rule epoch.Rule) stores {
	s.grants, s.access = epoch.Grants(s.grants, rule), epoch.Access(s.access, rule)
	s.sessions, s.overview = epoch.Sessions(s.sessions, rule), epoch.Overview(s.overview, rule)
	return s
}

// openDB prepares the connection, without a request to Redis.
func openDB(ctx context.Context, c config.Redis, w watch) (*redisconn.DB, error) {
	secured, roots, err := redisTLS(c.TLS)
	if err != nil {
		return nil, err
	}
	if secured != nil {
		secured.VerifyConnection = w.peer
	}
	return redisconn.Open(ctx, redisconn.Options{
		Mode:             redisconn.Mode(c.Mode),
		Addrs:            c.Addrs,
		MasterName:       c.MasterName,
		Username:         c.Username,
		Password:         c.Password.Reveal(),
		SentinelUsername: c.SentinelUsername,
		SentinelPassword: c.SentinelPassword.Reveal(),
		DB:               c.DB,
		TLS:              secured,
		Roots:            roots,
		DialTimeout:      c.DialTimeout,
		Timeout:          c.Timeout,
		PoolSize:         c.PoolSize,
		Durability:       redisconn.Durability(c.Durability),
		Lease:            c.ReadLease,
		Observer:         w.observer,
		OnState:          w.state,
		Observe:          w.call,
		Tracer:           w.tracer,
		Logger:           w.log,
		CallerClock:      w.moved,
		Commands:         append(redisstore.Commands(), serverstore.Commands()...),
	})
}

func redisTLS(c config.RedisTLS) (*tls.Config, func() *x509.CertPool, error) {
	if !c.Enabled {
		return nil, nil, nil
	}
	files := redisdial.TLSFiles{CA: c.CAFile, Cert: c.CertFile, Key: c.KeyFile, ServerName: c.ServerName}
	secured, err := files.Config()
	if err != nil {
		return nil, nil, fmt.Errorf("redis.tls: %w", err)
	}
	return secured, files.Roots(secured), nil
}
