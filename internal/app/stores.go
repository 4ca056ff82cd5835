package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/epoch"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// stores are the contracts, over one connection.
type stores struct {
	db       *redisconn.DB
	clients  store.Clients
	grants   store.Grants
	access   store.Access
	sessions store.Sessions
	consents store.Consents
	users    store.Users
	keys     store.Keys
	audit    store.Audit
	limits   store.Limits
	sweeps   store.Sweeps
	overview store.Overview

	revocations store.Revocations
}

// watch is who is told about every question put to Redis.
type watch struct {
	call   func(verb, result string, took time.Duration)
	state  func(redisconn.State) // of strict durability
	tracer trace.TracerProvider  // nil: nobody
	log    *slog.Logger
	now    func() time.Time
	moved  bool // the clock is a test's: scripts follow it, and not the clock of Redis
}

// openStores connects to Redis and makes sure that it can be used as it is configured; the error is
// one line with the remedy.
func openStores(ctx context.Context, c config.Redis, w watch) (stores, error) {
	db, err := openDB(ctx, c, w)
	if err != nil {
		return stores{}, err
	}
	if err := db.Check(ctx); err != nil {
		_ = db.Close() // the first error is the one to tell
		return stores{}, err
	}
	return stores{
		db:       db,
		clients:  redisstore.NewClients(db),
		grants:   redisstore.NewGrants(db),
		access:   redisstore.NewAccess(db),
		sessions: redisstore.NewSessions(db),
		consents: redisstore.NewConsents(db),
		users:    redisstore.NewUsers(db),
		keys:     redisstore.NewKeys(db),
		audit:    redisstore.NewAudit(db),
		limits:   redisstore.NewLimits(db),
		sweeps:   redisstore.NewSweeps(db),
		overview: redisstore.NewOverview(db),

		revocations: redisstore.NewRevocations(db),
	}, nil
}

// since gives the stores without what is older than the epoch.
func (s stores) since(of epoch.Of) stores {
	s.grants, s.access = epoch.Grants(s.grants, of), epoch.Access(s.access, of)
	s.sessions, s.overview = epoch.Sessions(s.sessions, of), epoch.Overview(s.overview, of)
	return s
}

// openDB prepares the connection and asks nothing yet.
func openDB(ctx context.Context, c config.Redis, w watch) (*redisconn.DB, error) {
	secured, err := redisTLS(c.TLS)
	if err != nil {
		return nil, err
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
		DialTimeout:      c.DialTimeout,
		Timeout:          c.Timeout,
		PoolSize:         c.PoolSize,
		Durability:       redisconn.Durability(c.Durability),
		Lease:            c.Lease,
		OnState:          w.state,
		Observe:          w.call,
		Tracer:           w.tracer,
		Logger:           w.log,
		Now:              w.now,
		CallerClock:      w.moved,
	})
}

func redisTLS(c config.RedisTLS) (*tls.Config, error) {
	if !c.Enabled {
		return nil, nil //nolint:nilnil // no TLS is an answer, and what redisconn takes for it
	}
	secured, err := redisconn.TLSFiles{CA: c.CAFile, Cert: c.CertFile, Key: c.KeyFile, ServerName: c.ServerName}.Config()
	if err != nil {
		return nil, fmt.Errorf("redis.tls: %w", err)
	}
	return secured, nil
}
