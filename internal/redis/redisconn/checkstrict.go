package redisconn

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// checkStrict tells whether strict durability can do its work: the user may ask for what proves a
// write, and enough Sentinels are there. Data that does not survive the restart of a process is
// only warned of: the loss of one server, which is what strict durability is about, it survives.
func (db *DB) checkStrict(ctx context.Context, master string) error {
	server := db.plain(master)
	defer func() { _ = server.Close() }()
	if err := db.checkWait(ctx, server); err != nil {
		return err
	}
	if err := db.checkSentinels(ctx); err != nil {
		return err
	}
	return db.CheckNames(ctx)
}

// checkWait tells whether the user may run what every proof of a write needs.
func (db *DB) checkWait(ctx context.Context, server *redis.Client) error {
	if err := server.Do(ctx, "wait", 0, 1).Err(); err != nil {
		return db.explainServer(ctx, err, server.Options().Addr, "wait")
	}
	return nil
}

// checkSentinels tells whether a majority of all Sentinels can be heard; fewer can never agree.
// The others are found through those that are configured.
func (db *DB) checkSentinels(ctx context.Context) error {
	total, heard := len(db.opt.Addrs), 0
	for _, s := range db.SurveySentinels(ctx) {
		if s.Err == nil {
			total, heard = max(total, s.Others+1), heard+1
		}
	}
	if heard <= total/2 {
		return &passing{fmt.Errorf("redis: there are %d Sentinels and only %d can be heard: strict durability needs a "+
			"majority of them: configure them all, under addresses that are reached from here", total, heard)}
	}
	return nil
}
