package redisconn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// write is the sender of strict durability: acknowledged is what every replica has that could be
// promoted.
func (d *durable) write(batch []*request) {
	t, err := d.await()
	if err != nil {
		refuse(batch, err)
		return
	}
	l := <-t.lanes
	defer func() { t.lanes <- l }()
	d.writeOn(t, l, batch)
	if ResultOf(batch[0].err) == ResultUnreachable {
		d.pause(pause)
	}
	var again []*request
	for _, r := range batch {
		if ResultOf(r.err) == ResultNoScript { // it was not executed
			again = append(again, r)
		}
	}
	if len(again) == 0 {
		return
	}
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	if l.conn != nil && d.db.scripts.load(ctx, l.conn) == nil {
		d.writeOn(t, l, again)
	}
}

func refuse(batch []*request, why error) {
	for _, r := range batch {
		r.err = why
	}
}

// pause waits a moment, so that a crowd of callers does not become a crowd of dials.
func (d *durable) pause(moment time.Duration) {
	select {
	case <-time.After(moment):
	case <-d.quit:
	}
}

func (d *durable) writeOn(t *term, l *lane, batch []*request) {
	cmds := make([]redis.Cmder, 0, len(batch))
	for _, r := range batch {
		r.forget()
		cmds = append(cmds, r.cmds...)
	}
	d.db.opt.RoundTrip(len(batch))
	err := d.commit(t, l, cmds)
	for _, r := range batch {
		r.settle()
		if err != nil {
			r.unproven(err)
		}
		if r.err == nil {
			d.journal.add(r)
		}
	}
}

// commit sends commands and proves that they last. Behind them, on the same connection, stand a
// write of its own, so that what the others only confirm is covered too; ROLE (or INFO), which tells where
// all this ended; WAIT; and ROLE again, which tells who has it. When somebody is missing it waits
// again, because WAIT counts and does not know whom.
func (d *durable) commit(t *term, l *lane, cmds []redis.Cmder) error {
	ctx, cancel := d.db.pipelineContext()
	defer cancel()
	if l.conn == nil {
		l.conn, l.last = t.client.Conn(), quorum.NodeStatus{}
	}
	tail := newTail(ctx, d.db.keys, t, d.current().Rule(d.db.opt.Now()).WaitFor(l.last))
	pipe := l.conn.Pipeline()
	for _, cmd := range append(cmds, tail.all.cmds...) {
		_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
	}
	_, broken := pipe.Exec(ctx) // of the first command, or of the connection; every command is looked at
	offset, err := d.settle(ctx, t, l, tail)
	if errors.Is(err, errUnanswered) && broken != nil {
		err = broken
	}
	if err != nil {
		_ = l.conn.Close() // whatever is wrong with it, the next batch is not to inherit it
		l.conn = nil
		return err
	}
	d.loss.Acknowledged(t.ReplID, offset, tail.fence.Val())
	return nil
}

// tail is what stands behind a batch.
type tail struct {
	history *redis.StringCmd
	fence   *redis.IntCmd
	start   *redis.Cmd
	wait    *redis.Cmd
	end     *redis.Cmd
	all     *request // the same, in their order
}

func newTail(ctx context.Context, keys keyNames, of *term, replicas int) tail {
	t := tail{
		history: redis.NewStringCmd(ctx, "get", keys.history),
		fence:   redis.NewIntCmd(ctx, "incr", keys.fence),
		start:   of.role(ctx),
		wait:    newWait(ctx, replicas),
		end:     of.role(ctx),
	}
	t.all = asked(t.history, t.fence, t.start, t.wait, t.end)
	return t
}

// asked makes a request of commands that nobody waits for.
func asked(cmds ...redis.Cmder) *request {
	r := &request{}
	for _, cmd := range cmds {
		r.cmds = append(r.cmds, &command{Cmder: cmd})
	}
	return r
}

func newWait(ctx context.Context, replicas int) *redis.Cmd {
	return redis.NewCmd(ctx, "wait", replicas, waiting.Milliseconds())
}

// err is the first thing that went wrong with it.
func (t tail) err() error {
	t.all.settle()
	return t.all.err
}

// settle judges a batch by its tail, and gives the offset that everybody reached.
func (d *durable) settle(ctx context.Context, t *term, l *lane, tail tail) (int64, error) {
	if err := tail.err(); err != nil {
		return 0, err
	}
	if d.db.data.foreign(tail.history.Val()) {
		d.endOf(t)
		return 0, errHistory
	}
	start, err := quorum.ParseRole(tail.start.Val())
	if err == nil && !start.Master {
		err = quorum.ErrNotMaster // whatever it is at the end: its offset says nothing about the batch
	}
	if err != nil {
		return 0, err
	}
	end, err := quorum.ParseRole(tail.end.Val())
	for try := 1; err == nil; try++ {
		l.last = end
		offset, behind := d.judge(t, end, start.Offset)
		if behind == nil || try == waits || !end.Master {
			return offset, behind
		}
		end, err = d.waitAgain(ctx, t, l, waited{end, try})
	}
	return 0, err
}

// judge applies the rule with what the Sentinels say by now.
func (d *durable) judge(t *term, end quorum.NodeStatus, written int64) (int64, error) {
	a := d.current()
	if a.Lineage != t.Lineage || end.ReplID != "" && end.ReplID != t.ReplID {
		return 0, fmt.Errorf("%w: the master changed", quorum.ErrNotDurable)
	}
	return a.Rule(d.db.opt.Now()).Acknowledge(end, written)
}

// waited is what a WAIT came to, and which one it was.
type waited struct {
	saw quorum.NodeStatus
	try int
}

// waitAgain waits for more replicas than came first.
func (d *durable) waitAgain(ctx context.Context, t *term, l *lane, before waited) (quorum.NodeStatus, error) {
	more := min(d.current().Rule(d.db.opt.Now()).WaitFor(before.saw)+before.try-1, max(1, len(before.saw.Replicas)))
	pipe := l.conn.Pipeline()
	wait, end := newWait(ctx, more), t.role(ctx)
	_, _ = pipe.Process(ctx, wait), pipe.Process(ctx, end)
	if _, err := pipe.Exec(ctx); err != nil {
		return quorum.NodeStatus{}, err
	}
	return quorum.ParseRole(end.Val())
}
