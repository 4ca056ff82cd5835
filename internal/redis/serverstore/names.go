package serverstore

import (
	"embed"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

//go:embed lua/*.lua
var sources embed.FS

// scripts returns a function that makes a script from lua/<name>.lua, which is part of the binary.
func scripts(db *redisconn.DB) func(name string) *redisconn.Script {
	return func(name string) *redisconn.Script { return db.Scripts().Embedded(sources, name) }
}

// Commands returns the commands that the scripts and reads of this package use, each with arguments that
// do no harm to a scratch key and without the key. The check at the start tries them all.
func Commands() []string {
	return []string{
		"HSET f 1", "HSETNX f 1", "HGET f", "HGETALL", "HLEN", "HDEL f", "PEXPIRE 1000", "DEL", "SET 1 PX 1000", "GET", "DEL",
		"XADD * f 1", "XTRIM MAXLEN 1", "XLEN", "XRANGE - +", "XREVRANGE + -", "DEL",
	}
}

const keyRing = "auth:keys"

// auditKeys returns the keys of the log and of its head. In a cluster both lie in one hash slot.
func auditKeys(db *redisconn.DB) (log, head string) {
	if db.Mode() == redisconn.Cluster {
		return "auth:{audit}", "auth:{audit}:head"
	}
	return "auth:audit", "auth:audit:head"
}

func limit(key oauth.Digest) string { return "auth:rate_limit:" + key.Key() }

// request is the key of an authorization request that waits for a person.
func request(name oauth.Digest) string { return "auth:request:" + name.Key() }

// backup is the key of the last backup of a kind.
func backup(kind store.BackupKind) string { return "auth:backup:" + string(kind) }
