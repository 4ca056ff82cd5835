package redisconn

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
)

// Owner names the issuer whose data a Redis may hold.
type Owner struct {
	Name     string // the issuer; "" takes whatever is there
	Previous string // an earlier name whose data is taken over; "" for none
}

// ErrOwner is returned by Claim for a Redis that holds the data of another issuer.
var ErrOwner = errors.New("the data of another issuer")

// claims are the scripts by which a daemon takes over a data set.
type claims struct{ owner, name, version, beat *Script }

//go:embed lua/claim_owner.lua
var claimOwner string

//go:embed lua/claim_name.lua
var claimName string

//go:embed lua/claim_version.lua
var claimVersion string

//go:embed lua/beat.lua
var beat string

func newClaims(scripts *pipeline.Library) claims {
	return claims{
		owner: scripts.Script(claimOwner), name: scripts.Script(claimName), version: scripts.Script(claimVersion).List(),
		beat: scripts.Script(beat),
	}
}

// Claim records an issuer as the owner of the data in Redis and learns the name of the data set, which every answer is
// then compared with (I11). It returns the owner, and ErrOwner when that is another issuer; ErrDataNewer or ErrDataOlder
// when this release cannot work on the data. A refused caller has changed nothing. By restarting the daemon, which calls
// Claim, an operator accepts that earlier data is gone: an empty Redis gets a new name. Of several daemons that start at
// once, all get the same name.
func (db *DB) Claim(ctx context.Context, o Owner) (string, error) {
	if db.opt.Mode == Embedded {
		return o.Name, nil
	}
	if err := db.claimVersion(ctx, o); err != nil {
		return "", err
	}
	found, err := db.claim(ctx, db.claims.owner, db.keys.owner, o.Name, o.Previous)
	if err != nil {
		return "", err
	}
	if o.Name != "" && found != o.Name {
		return found, fmt.Errorf("redis: %s holds %w, %s: give this server a Redis, or a redis.db, of its own; when %s "+
			"is the earlier name of this server, set issuer_previous to it", strings.Join(db.opt.Addrs, ","), ErrOwner, found, found)
	}
	if db.sentinels != nil { // which names the data set when it begins to serve
		return found, nil
	}
	name, err := db.claim(ctx, db.claims.name, db.keys.history, rand.Text(), "")
	if err != nil {
		return "", err
	}
	if db.cluster != nil {
		if err := db.markShards(ctx, name, true); err != nil {
			return "", err
		}
	}
	db.data.Learn(name)
	return found, nil
}

// Owner returns the issuer whose data Redis holds, and changes nothing; "" while it is nobody's.
func (db *DB) Owner(ctx context.Context) (string, error) {
	owner := redis.NewStringCmd(ctx, "get", db.keys.owner)
	if err := db.Read(ctx, "owner", owner); err != nil {
		return "", err
	}
	return owner.Val(), nil
}

func (db *DB) claim(ctx context.Context, script *Script, key string, args ...any) (string, error) {
	answer, err := db.Write(ctx, "claim", script, []string{key}, args...)
	text, _ := answer.(string)
	return text, err
}

// FollowShards marks the ranges of slots that are new since the start.
func (db *DB) FollowShards(ctx context.Context) {
	name := db.data.Known()
	if db.cluster == nil || name == "" || db.data.Lost() {
		return
	}
	_ = db.markShards(ctx, name, false) // the next look tries again
}

// markShards makes sure that every server of a cluster bears the name: each may lose its data alone.
// A range of slots that is new because slots were moved gets its marker, too.
func (db *DB) markShards(ctx context.Context, name string, starting bool) error {
	found, err := db.cluster.ClusterSlots(ctx).Result() //nolint:staticcheck // SA1019: CLUSTER SHARDS is not in Redis 6.2
	if err != nil {
		return &outcome.Error{Verb: "claim", Result: outcome.Of(err), Cause: err}
	}
	overwrite := ""
	if starting {
		overwrite = "1"
	}
	var shards []dataset.Shard
	for _, one := range found {
		s, known := db.data.ShardAt(one.Start)
		if !known {
			s.Marker = dataset.MarkerIn(db.keys.history, one.Start)
			if _, err := db.claim(ctx, db.claims.name, s.Marker, name, overwrite); err != nil {
				return err
			}
		}
		s.First, s.Last = one.Start, one.End
		shards = append(shards, s)
	}
	db.data.SetShards(shards)
	return nil
}
