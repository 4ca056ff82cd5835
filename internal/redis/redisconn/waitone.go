//go:build waitone

package redisconn

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// waitOne is the usual advice: acknowledge what the master and any one replica have. It loses
// acknowledged writes. Only the fault harness is built with it, to show that its checker finds that.
const waitOne Durability = "wait1"

func controls() []Durability { return []Durability{waitOne} }

func (db *DB) controlSender() pipeline.Sender {
	if db.opt.Durability == waitOne {
		return db.sendWaitOne
	}
	return nil
}

func (db *DB) sendWaitOne(batch []*pipeline.Request) { db.withScripts(batch, db.execWaitOne) }

func (db *DB) execWaitOne(batch []*pipeline.Request) {
	ctx, cancel := db.pipelineContext()
	defer cancel()
	wait := redis.NewCmd(ctx, "wait", 1, 120)
	tail := pipeline.NewRead(ctx, db.opt.Now(), []redis.Cmder{wait})
	db.execTogether(append(batch[:len(batch):len(batch)], tail))
	acked, _ := wait.Val().(int64)
	for _, r := range batch {
		if r.Err == nil && acked < 1 {
			r.Err = fmt.Errorf("%w: no replica has it", quorum.ErrNotDurable)
		}
	}
}
