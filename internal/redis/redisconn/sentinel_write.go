package redisconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// write is the sender of strict durability behind Sentinels.
func (d *durable) write(batch []*request) {
	t, err := d.await()
	if err != nil {
		refuse(batch, err)
		return
	}
	c := <-t.conns
	defer func() { t.conns <- c }()
	d.writeOn(t, c, batch)
	if ResultOf(batch[0].err) == ResultUnreachable {
		d.db.pause()
	}
	again := withoutScript(batch)
	if len(again) == 0 || c.conn == nil {
		return
	}
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	if d.db.scripts.load(ctx, c.conn) == nil {
		d.writeOn(t, c, again)
	}
}

// writeOn sends a batch to the master of a term and acknowledges what is proven.
func (d *durable) writeOn(t *term, c *writeConn, batch []*request) {
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	if c.conn == nil {
		*c = writeConn{conn: t.client.Conn()}
	}
	fence := redis.NewIntCmd(ctx, "incr", d.db.keys.fence)
	reached, err := d.db.prove(ctx, c, d.plan(ctx, t, fence, batch), batch)
	if err != nil {
		_ = c.conn.Close() // the next batch must not inherit a connection with an unread reply
		c.conn = nil
		if errors.Is(err, errHistory) {
			d.endOf(t)
		}
		return
	}
	d.loss.Acknowledged(t.ReplID, reached, fence.Val())
	for _, r := range batch {
		if r.err == nil {
			d.journal.add(r)
		}
	}
}

// plan is the proof behind Sentinels: every replica that a Sentinel could promote, by name, under the
// master and the history of the term.
func (d *durable) plan(ctx context.Context, t *term, fence redis.Cmder, batch []*request) proofPlan {
	return proofPlan{
		markers: d.db.data.proofOf(ctx, batch),
		fence:   fence,
		noRole:  t.noRole,
		rule:    func(quorum.NodeStatus) quorum.Rule { return d.current().Rule(d.db.opt.Now()) },
		same: func(_, end quorum.NodeStatus) error {
			if d.current().Lineage != t.Lineage || end.ReplID != "" && end.ReplID != t.ReplID {
				return fmt.Errorf("%w: the master changed", quorum.ErrNotDurable)
			}
			return nil
		},
	}
}
