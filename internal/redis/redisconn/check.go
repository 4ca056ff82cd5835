package redisconn

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

const (
	noEviction    = "noeviction"
	oldestVersion = "6.2"
)

// Check tells whether Redis can be used as it is configured. Its error is one line that says what
// is wrong and what to do about it; no password stands in it.
func (db *DB) Check(ctx context.Context) error {
	switch db.opt.Mode {
	case Embedded:
		return nil
	case Sentinel:
		master, err := db.askSentinels(ctx)
		if err != nil {
			return err
		}
		if err := db.checkServer(ctx, master); err != nil || db.durable == nil {
			return err
		}
		return db.checkStrict(ctx, master)
	default:
		var err error
		for _, addr := range db.opt.Addrs {
			if err = db.checkServer(ctx, addr); err == nil {
				return nil
			}
		}
		return err
	}
}

// askSentinels finds the master as the daemon will find it: the first Sentinel that knows it. When
// none does, the last reason is told; a Sentinel that answered is a better reason than silence.
func (db *DB) askSentinels(ctx context.Context) (string, error) {
	var silent, spoke error
	for _, addr := range db.opt.Addrs {
		pair, err := db.askSentinel(ctx, addr)
		switch {
		case err == nil:
			return net.JoinHostPort(pair[0], pair[1]), nil
		case errors.Is(err, redis.Nil):
			spoke = fmt.Errorf("redis: the Sentinel at %s knows no master named %q: configure the name that "+
				"stands in its sentinel.conf (sentinel monitor <name> …)", addr, db.opt.MasterName)
		case strings.Contains(strings.ToLower(err.Error()), "unknown command"):
			spoke = fmt.Errorf("redis: %s is a Redis server, not a Sentinel: configure the addresses of the Sentinels (usually port "+
				"26379), or set redis.mode to standalone", addr)
		case resultOf(err) == ResultNoPerm:
			spoke = fmt.Errorf("redis: the Sentinel at %s refuses our login (%s): configure the Sentinels' own "+
				"password, which is not that of Redis", addr, firstWord(err))
		default:
			silent = db.explain(ctx, err, "the Sentinel", addr)
		}
	}
	if spoke != nil {
		return "", spoke
	}
	return "", silent
}

func (db *DB) askSentinel(ctx context.Context, addr string) ([]string, error) {
	sentinel := db.sentinel(addr)
	defer func() { _ = sentinel.Close() }()
	pair, err := sentinel.GetMasterAddrByName(ctx, db.opt.MasterName).Result()
	if err == nil && len(pair) != 2 {
		return nil, redis.Nil
	}
	return pair, err
}

// checkServer speaks to one server directly, so that every error is its own.
func (db *DB) checkServer(ctx context.Context, addr string) error {
	o := db.serverOptions(addr)
	o.PoolSize = 1
	server := redis.NewClient(o)
	defer func() { _ = server.Close() }()
	text, err := server.Info(ctx).Result()
	if err != nil {
		return db.explainServer(ctx, err, addr, "info")
	}
	info := parseInfo(text)
	if err := db.judge(info, addr); err != nil {
		return err
	}
	snapshots, _ := snapshotsOf(ctx, server)
	db.keeps.Store(snapshots)
	if db.opt.Mode == Cluster {
		return db.checkCluster(ctx)
	}
	return db.checkRights(ctx, server, addr)
}

// judge looks at what a server says about itself.
func (db *DB) judge(info map[string]string, addr string) error {
	version, policy := info["redis_version"], info["maxmemory_policy"]
	clustered := info["cluster_enabled"] == "1"
	switch {
	case info["redis_mode"] == "sentinel":
		return fmt.Errorf("redis: %s is a Sentinel, not a Redis server: set redis.mode to sentinel and redis.master_name to the name "+
			"in its sentinel.conf, or configure the address of the server", addr)
	case olderThan(version, oldestVersion):
		return fmt.Errorf("redis: %s runs Redis %s: version %s or later is needed", addr, version, oldestVersion)
	case policy != noEviction:
		return fmt.Errorf("redis: %s would throw away logins and revocations when its memory is full "+
			"(maxmemory-policy %s): set maxmemory-policy noeviction there", addr, policy)
	case clustered && db.opt.Mode != Cluster:
		return fmt.Errorf("redis: %s is a node of a cluster: configure cluster mode", addr)
	case !clustered && db.opt.Mode == Cluster:
		return fmt.Errorf("redis: %s is not a node of a cluster: configure standalone or sentinel mode", addr)
	case info["role"] != "master" && db.opt.Mode == Standalone:
		return fmt.Errorf("redis: %s is a replica and takes no writes: configure the master's address, "+
			"or sentinel mode", addr)
	case info["role"] != "master" && db.opt.Mode == Sentinel:
		return &passing{fmt.Errorf("redis: %s, which the Sentinels call master, is a %s: a failover is under way; "+
			"try again", addr, info["role"])}
	}
	return nil
}

// checkCluster asks every master for the rights that are needed.
func (db *DB) checkCluster(ctx context.Context) error {
	cluster := db.client.(*redis.ClusterClient)
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		addr := node.Options().Addr
		text, err := node.Info(ctx).Result()
		if err != nil {
			return db.explainServer(ctx, err, addr, "info")
		}
		if err := db.judge(parseInfo(text), addr); err != nil || db.waiter == nil {
			return err
		}
		return db.checkWait(ctx, node)
	})
	if err != nil {
		return err
	}
	return db.checkRights(ctx, db.client, "the cluster")
}

//go:embed lua/rights.lua
var rights string

// needed are the commands that the daemon uses, with arguments that do no harm to a scratch key.
var needed = []string{
	"HSET f 1", "HGET f", "HMGET f", "HGETALL", "HINCRBY n 1", "HKEYS", "HLEN", "HDEL f", "PEXPIRE 1000", "PTTL", "EXISTS", "DEL",
	"ZADD 1 m", "ZSCORE m", "ZCARD", "ZRANGE 0 0", "ZREVRANGE 0 0", "ZRANGEBYLEX - +", "ZREVRANGEBYLEX + -", "ZLEXCOUNT - +", "ZRANGEBYSCORE 0 0", "ZCOUNT 0 0", "ZRANDMEMBER 1",
	"ZREMRANGEBYSCORE 0 0", "ZREM m", "DEL", "SET 1 PX 1000", "GET", "INCR", "DEL",
	"XADD * f 1", "XTRIM MAXLEN 1", "XLEN", "XRANGE - +", "XREVRANGE + -", "DEL",
	"TIME",
}

// Needed lists the commands that Check tries, so that a test can hold it against the scripts.
func Needed() []string {
	var names []string
	for _, call := range needed {
		name, _, _ := strings.Cut(call, " ")
		names = append(names, name)
	}
	return names
}

// scratch is the one key that Check touches; it is gone afterwards.
const scratch = "auth:check"

// checkRights runs every command that will be needed once, on a key of its own.
func (db *DB) checkRights(ctx context.Context, server redis.Cmdable, addr string) error {
	script := NewScript(rights)
	if err := server.ScriptLoad(ctx, script.source).Err(); err != nil {
		return db.explainServer(ctx, err, addr, "script|load")
	}
	words := make([]any, len(needed))
	for i, call := range needed {
		words[i] = call
	}
	refused, err := server.EvalSha(ctx, script.sha, []string{scratch}, words...).Text()
	if resultOf(err) == ResultNoScript { // a cluster: the script went to another node
		refused, err = server.Eval(ctx, script.source, []string{scratch}, words...).Text()
	}
	if err != nil {
		return db.explainServer(ctx, err, addr, "evalsha")
	}
	if refused != "" {
		return db.forbidden(addr, strings.ToLower(refused))
	}
	return nil
}

func (db *DB) explainServer(ctx context.Context, err error, addr, command string) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "invalid password"):
		return fmt.Errorf("redis: %s refuses the password of %s: configure the right one", addr, db.user())
	case strings.Contains(text, "NOAUTH"):
		return fmt.Errorf("redis: %s wants a password and none is configured", addr)
	case strings.Contains(text, "one of the keys"), strings.Contains(text, "access a key"): // Redis 7, Valkey
		return fmt.Errorf("redis: %s may not touch keys that begin with auth: at %s: grant ~auth:* in its ACL "+
			"(NOPERM)", db.user(), addr)
	case resultOf(err) == ResultNoPerm:
		return db.forbidden(addr, command)
	}
	return db.explain(ctx, err, "Redis", addr)
}

func (db *DB) forbidden(addr, command string) error {
	return fmt.Errorf("redis: %s may not run %s at %s: grant +%s in its ACL (NOPERM)", db.user(), command, addr, command)
}

func (db *DB) user() string {
	if db.opt.Username == "" {
		return "the default user"
	}
	return fmt.Sprintf("user %q", db.opt.Username)
}

func firstWord(err error) string {
	for _, word := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if strings.Contains(err.Error(), word) {
			return word
		}
	}
	return "refused"
}
