package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisstore"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// A Redis that has reached its maxmemory stores no new rights, and takes rights away as usual: whatever ends something is
// acknowledged, in each kind of durability.
func TestAFullRedisAcknowledgesEndings(t *testing.T) {
	t.Parallel()
	t.Run("standalone", func(t *testing.T) {
		t.Parallel()
		server := redistest.Start(t)
		endWhileFull(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{server.Addr}}, server)
	})
	t.Run("strict group", func(t *testing.T) {
		t.Parallel()
		g := redistest.StartGroup(t, "appendonly yes")
		endWhileFull(t, redisconn.Options{Mode: redisconn.Sentinel, Addrs: g.Addrs, MasterName: redistest.MasterName}, g.Nodes...)
	})
	t.Run("strict cluster", func(t *testing.T) {
		t.Parallel()
		c := redistest.StartCluster(t)
		endWhileFull(t, redisconn.Options{Mode: redisconn.Cluster, Addrs: c.Addrs, Durability: redisconn.Strict}, c.Nodes...)
	})
}

func endWhileFull(t *testing.T, o redisconn.Options, nodes ...*redistest.Server) {
	t.Helper()
	db := openDB(t, o)
	s := subject(db)
	grants := redisstore.NewGrants(db)
	redistest.Eventually(t, 20*time.Second, "it writes", func() bool { return grants.Kill(t.Context(), "warm") == nil })
	create(t, grants, refOf("mine"))
	client := oauth.Client{ID: "planner"}
	var err error
	if client.Revision, err = s.Clients.Put(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes {
		node.Do(t, "config", "set", "maxmemory", "1")
	}
	now := time.Now()
	var refused *outcome.Error
	if err := grants.Create(t.Context(), grantOf(refOf("late"), now)); !errors.As(err, &refused) || refused.Result != outcome.OOM {
		t.Errorf("a new grant: %v", err)
	}
	jwt := store.Query{Digest: oauth.DigestOf("a token"), Format: oauth.FormatJWT, Client: store.TagOf("planner")}
	client.Disabled = true
	_, disabled := s.Clients.Put(t.Context(), client)
	sweep := store.Claim{Task: "grants", Holder: "me", Every: time.Hour, Hold: time.Minute}
	_, claimed, swept := s.Sweeps.Claim(t.Context(), sweep, now)
	if marked, err := s.Sweeps.Mark(t.Context(), sweep, "", now); !claimed || swept != nil || !marked || err != nil {
		t.Errorf("a sweep: %t, %v, %t, %v", claimed, swept, marked, err)
	}
	for what, err := range map[string]error{
		"revoke a JWT":              s.Access.Revoke(t.Context(), jwt, now.Add(time.Hour), now),
		"revoke tokens of a client": s.Access.RevokeClient(t.Context(), "planner", now, time.Hour),
		"end the grants of a user":  s.Revocations.Raise(t.Context(), store.Ending{User: "u", What: store.EndedGrants, Now: now, Keep: time.Hour}),
		"disable a client":          disabled,
		"end a grant":               s.Grants.Kill(t.Context(), refOf("mine")),
		"revoke everything":         s.Freshness.RaiseEpoch(t.Context(), now),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := s.Access.Look(t.Context(), jwt); err != nil || !got.Revoked {
		t.Errorf("the revoked JWT: %+v, %v", got, err)
	}
}
