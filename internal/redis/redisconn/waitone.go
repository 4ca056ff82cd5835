package redisconn

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// sendWaitOne is the sender of the usual advice: any one replica will do.
func (db *DB) sendWaitOne(batch []*request) {
	ctx, cancel := db.pipelineContext()
	defer cancel()
	wait := newWait(ctx, 1)
	tail := &request{ctx: ctx, cmds: []redis.Cmder{wait}}
	db.exec(append(batch[:len(batch):len(batch)], tail))
	acked, _ := wait.Val().(int64)
	for _, r := range batch {
		if r.err == nil && acked < 1 {
			r.err = fmt.Errorf("%w: no replica has it", quorum.ErrNotDurable)
		}
	}
}
