package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/redis/serverstore"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest"
	"github.com/recipe-web-app/oauth2d/internal/store/storetest/suite"
)

// leastRights is the ACL of the daemon's own user (no KEYS, CONFIG or FLUSHDB).
const leastRights = "user auth on >secret-of-auth ~auth:* +@all -@dangerous +info"

func openDB(t *testing.T, o redisconn.Options) *redisconn.DB {
	t.Helper()
	o.CallerClock = true // histories move the clock
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second // the machine may be busy: a slow answer must not fail a test
		o.DialTimeout = 5 * time.Second
	}
	db, err := redisconn.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func subject(db *redisconn.DB) suite.Subject {
	return suite.Subject{
		Grants: redisstore.NewGrants(db), Access: redisstore.NewAccess(db), Clients: redisstore.NewClients(db), Freshness: redisstore.NewFreshness(db),
		Users: redisstore.NewUsers(db), Sessions: redisstore.NewSessions(db), Consents: redisstore.NewConsents(db),
		Requests: serverstore.NewRequests(db),
		Backups:  serverstore.NewBackups(db),
		Rosters:  serverstore.NewRosters(db),
		Audit:    serverstore.NewAudit(db), Keys: serverstore.NewKeys(db), Limits: serverstore.NewLimits(db), Sweeps: redisstore.NewSweeps(db),
		Overview: redisstore.NewOverview(db), Revocations: redisstore.NewRevocations(db),
	}
}

// emptied opens one connection and empties the servers behind it each time a suite begins anew.
func emptied(t *testing.T, o redisconn.Options, servers ...*redistest.Server) suite.Open {
	t.Helper()
	db := openDB(t, o)
	if err := probe.New(db).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	admins := make([]*redis.Client, len(servers))
	for i, server := range servers {
		admins[i] = server.Admin(t)
	}
	return func(t *testing.T) suite.Subject {
		t.Helper()
		for _, admin := range admins {
			empty(t, admin)
		}
		return subject(db)
	}
}

// empty deletes everything except the id of the data set: without it, strict durability would report the data as lost.
func empty(t *testing.T, admin *redis.Client) {
	t.Helper()
	const history = "auth:history"
	name := admin.Get(t.Context(), history).Val() // "" if durability is not strict
	if err := admin.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if name != "" {
		if err := admin.Set(t.Context(), history, name, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	storetest.All(t, func(t *testing.T) suite.Subject {
		t.Helper()
		return subject(openDB(t, redisconn.Options{}))
	})
}

func TestStandaloneWithLeastRights(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, leastRights)
	storetest.All(t, emptied(t, redisconn.Options{
		Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Username: "auth", Password: "secret-of-auth",
	}, server))
}

func TestSentinelWithLeastRights(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, leastRights, "appendonly yes")
	for _, durability := range []redisconn.Durability{redisconn.Strict, redisconn.Relaxed} {
		t.Run(string(durability), func(t *testing.T) { conformInGroup(t, group, durability) })
	}
}

func conformInGroup(t *testing.T, group *redistest.Group, durability redisconn.Durability) {
	t.Helper()
	storetest.All(t, emptied(t, redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: group.Addrs, MasterName: redistest.MasterName, Durability: durability,
		Username: "auth", Password: "secret-of-auth",
	}, group.Nodes[0]))
}

func TestClusterWithLeastRights(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, leastRights)
	for _, durability := range []redisconn.Durability{redisconn.Strict, redisconn.Relaxed} {
		t.Run(string(durability), func(t *testing.T) {
			storetest.All(t, emptied(t, redisconn.Options{
				Mode: redisconn.Cluster, Addrs: cluster.Addrs, Username: "auth", Password: "secret-of-auth", Durability: durability,
			}, cluster.Nodes[:3]...))
		})
	}
}
