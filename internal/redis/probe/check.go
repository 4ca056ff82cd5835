package probe

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
)

const (
	noEviction    = "noeviction"
	oldestVersion = "6.2"
)

// Check returns nil when Redis can be used as it is configured.
func (p *Prober) Check(ctx context.Context) error {
	switch p.opt.Mode {
	case redisconn.Embedded:
		return nil
	case redisconn.Sentinel:
		master, err := p.findMaster(ctx)
		if err != nil {
			return err
		}
		if err := p.checkServer(ctx, master); err != nil || !p.strict() {
			return err
		}
		return p.checkStrict(ctx, master)
	default:
		var err error
		for _, addr := range p.opt.Addrs {
			if err = p.checkServer(ctx, addr); err == nil {
				return nil
			}
		}
		return err
	}
}

// findMaster returns the master that the first Sentinel names which knows the group. When none does, it
// returns the last reason; that of a Sentinel that answered goes before that of a silent one.
func (p *Prober) findMaster(ctx context.Context) (string, error) {
	var silent, answered error
	for _, addr := range p.opt.Addrs {
		view, err := p.view(ctx, addr)
		switch {
		case err == nil:
			return view.Master, nil
		case strings.Contains(err.Error(), "No such master"):
			answered = fmt.Errorf("redis: the Sentinel at %s knows no master named %q: configure the name that "+
				"stands in its sentinel.conf (sentinel monitor <name> …)", addr, p.opt.MasterName)
		case strings.Contains(strings.ToLower(err.Error()), "unknown command"):
			answered = fmt.Errorf("redis: %s is a Redis server, not a Sentinel: configure the addresses of the Sentinels (usually port "+
				"26379), or set redis.mode to standalone", addr)
		case outcome.Of(err) == outcome.NoPerm:
			answered = fmt.Errorf("redis: the Sentinel at %s refuses our login (%s): configure the Sentinels' own "+
				"password, which is not that of Redis", addr, firstWord(err))
		default:
			silent = p.explain(ctx, err, "the Sentinel", addr)
		}
	}
	if answered != nil {
		return "", answered
	}
	return "", silent
}

// view asks one Sentinel for the group and for the other Sentinels.
func (p *Prober) view(ctx context.Context, addr string) (quorum.SentinelView, error) {
	sentinel := p.dial.Sentinel(addr)
	defer func() { _ = sentinel.Close() }()
	return sentinel.View(ctx, true)
}

// checkServer speaks to one server directly, so that every error is its own.
func (p *Prober) checkServer(ctx context.Context, addr string) error {
	server := p.dial.Client(addr, nil)
	defer func() { _ = server.Close() }()
	text, err := server.Info(ctx).Result()
	if err != nil {
		return p.explainServer(ctx, err, addr, "info")
	}
	info := quorum.ParseInfo(text)
	if err := p.judgeServer(info, addr); err != nil {
		return err
	}
	snapshots, _ := snapshotsOf(ctx, server)
	p.snapshots.Store(snapshots)
	if p.opt.Mode == redisconn.Cluster {
		return p.checkCluster(ctx)
	}
	return p.checkRights(ctx, server, addr)
}

// judgeServer checks what a server says about itself.
func (p *Prober) judgeServer(info quorum.Info, addr string) error {
	version, policy := info["redis_version"], info["maxmemory_policy"]
	clustered := info["cluster_enabled"] == "1"
	switch {
	case info["redis_mode"] == "sentinel":
		return fmt.Errorf("redis: %s is a Sentinel, not a Redis server: set redis.mode to sentinel and redis.master_name to the name "+
			"in its sentinel.conf, or configure the address of the server", addr)
	case olderThan(version, oldestVersion):
		return fmt.Errorf("redis: %s runs Redis %s: version %s or later is needed", addr, version, oldestVersion)
	case policy != noEviction && !p.opt.AllowEviction:
		return fmt.Errorf("redis: %s would throw away logins and revocations when its memory is full "+
			"(maxmemory-policy %s): set maxmemory-policy noeviction there", addr, policy)
	case clustered && p.opt.Mode != redisconn.Cluster:
		return fmt.Errorf("redis: %s is a node of a cluster: configure cluster mode", addr)
	case !clustered && p.opt.Mode == redisconn.Cluster:
		return fmt.Errorf("redis: %s is not a node of a cluster: configure standalone or sentinel mode", addr)
	case info["role"] != "master" && p.opt.Mode == redisconn.Standalone:
		return fmt.Errorf("redis: %s is a replica and takes no writes: configure the master's address, "+
			"or sentinel mode", addr)
	case info["role"] != "master" && p.opt.Mode == redisconn.Sentinel:
		return &passing{fmt.Errorf("redis: %s, which the Sentinels call master, is a %s: a failover is under way; "+
			"try again", addr, info["role"])}
	}
	return nil
}

// checkCluster asks every master for the rights that are needed.
func (p *Prober) checkCluster(ctx context.Context) error {
	err := p.cluster().ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		addr := node.Options().Addr
		text, err := node.Info(ctx).Result()
		if err != nil {
			return p.explainServer(ctx, err, addr, "info")
		}
		if err := p.judgeServer(quorum.ParseInfo(text), addr); err != nil || !p.strict() {
			return err
		}
		return p.checkWait(ctx, node)
	})
	if err != nil {
		return err
	}
	return p.checkRights(ctx, p.db.Driver(), "the cluster")
}

//go:embed lua/rights.lua
var rights string

// own returns the commands that the connection itself uses, with arguments that do no harm to a scratch key.
func own() []string { return []string{"SET 1 PX 1000", "GET", "INCR", "DEL"} }

// checkRights runs every command that will be needed once, on a key of its own.
func (p *Prober) checkRights(ctx context.Context, server redis.Cmdable, addr string) error {
	script := redis.NewScript(rights)
	if err := script.Load(ctx, server).Err(); err != nil {
		return p.explainServer(ctx, err, addr, "script|load")
	}
	commands := append(own(), p.opt.Commands...)
	words := make([]any, len(commands))
	for i, command := range commands {
		words[i] = command
	}
	scratch := p.opt.Prefix + "check"                                           // it is gone afterwards
	refused, err := script.Run(ctx, server, []string{scratch}, words...).Text() // loads it again where a cluster needs that
	if err != nil {
		return p.explainServer(ctx, err, addr, "evalsha")
	}
	if refused != "" {
		return p.forbidden(addr, strings.ToLower(refused))
	}
	return nil
}

func (p *Prober) explainServer(ctx context.Context, err error, addr, command string) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "invalid password"):
		return fmt.Errorf("redis: %s refuses the password of %s: configure the right one", addr, p.user())
	case strings.Contains(text, "NOAUTH"):
		return fmt.Errorf("redis: %s wants a password and none is configured", addr)
	case strings.Contains(text, "one of the keys"), strings.Contains(text, "access a key"): // Redis 7, Valkey
		return fmt.Errorf("redis: %[1]s may not touch keys that begin with %[2]s at %[3]s: grant ~%[2]s* in its ACL "+
			"(NOPERM)", p.user(), p.opt.Prefix, addr)
	case outcome.Of(err) == outcome.NoPerm:
		return p.forbidden(addr, command)
	}
	return p.explain(ctx, err, "Redis", addr)
}

func (p *Prober) forbidden(addr, command string) error {
	return fmt.Errorf("redis: %s may not run %s at %s: grant +%s in its ACL (NOPERM)", p.user(), command, addr, command)
}

func (p *Prober) user() string {
	if p.opt.Username == "" {
		return "the default user"
	}
	return fmt.Sprintf("user %q", p.opt.Username)
}

func firstWord(err error) string {
	for _, word := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if strings.Contains(err.Error(), word) {
			return word
		}
	}
	return "refused"
}
