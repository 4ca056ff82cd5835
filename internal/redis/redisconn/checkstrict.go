package redisconn

import (
	"context"
	"fmt"
)

// checkStrict tells whether strict durability can do its work: the data survives the restart of the
// process, the user may ask for what proves a write, and enough Sentinels are asked.
func (db *DB) checkStrict(ctx context.Context, master string) error {
	server := db.plain(master)
	defer func() { _ = server.Close() }()
	text, err := server.Info(ctx).Result()
	if err != nil {
		return db.explainServer(err, master, "info")
	}
	if parseInfo(text)["aof_enabled"] != "1" {
		return fmt.Errorf("redis: %s forgets everything when its process ends (appendonly no), which strict durability "+
			"cannot make good: set appendonly yes on every node, or configure relaxed durability", master)
	}
	for _, command := range [][]any{{"role"}, {"wait", 0, 1}} {
		if err := server.Do(ctx, command...).Err(); err != nil {
			return db.explainServer(err, master, fmt.Sprint(command[0]))
		}
	}
	return db.checkSentinels(ctx)
}

// checkSentinels tells whether a majority of all Sentinels is configured; fewer can never agree.
func (db *DB) checkSentinels(ctx context.Context) error {
	total := len(db.opt.Addrs)
	for _, addr := range db.opt.Addrs {
		if s, err := db.sightOf(ctx, addr); err == nil {
			total = max(total, s.others+1)
		}
	}
	if len(db.opt.Addrs) <= total/2 {
		return fmt.Errorf("redis: there are %d Sentinels and only %d are configured: strict durability asks for a "+
			"majority of them: configure them all", total, len(db.opt.Addrs))
	}
	return nil
}

func (db *DB) sightOf(ctx context.Context, addr string) (sighting, error) {
	client := db.sentinel(addr)
	defer func() { _ = client.Close() }()
	return sight(ctx, client, db.opt.MasterName, db.opt.Now())
}
