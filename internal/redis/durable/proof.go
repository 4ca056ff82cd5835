package durable

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// The bounds of a proof.
const (
	waitTimeout  = 120 * time.Millisecond // of one WAIT
	waitAttempts = 3                      // how many WAITs follow one batch
)

// A fence is a script, because a full Redis refuses INCR and SET, and so nothing would be acknowledged that makes room:
// revocations, sweeps.
const (
	fenceUp  = "#!lua flags=allow-oom\nreturn redis.call('INCR', KEYS[1])"
	fenceSet = "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])"
)

// writeConn is one connection for writes. WAIT covers only what was written over the same one (I4).
type writeConn struct {
	conn *redis.Conn
	last quorum.NodeStatus // what the master reported last
}

// proofPlan is where the proofs of Sentinel mode and of Cluster mode differ.
type proofPlan struct {
	markers *dataset.Markers // of the data set (I11); nil: none is known
	fence   redis.Cmder      // a write of its own behind the batch, so that what the batch only read is covered, too (I4)
	asking  bool             // the slot is being moved to the server
	noRole  bool             // the user may not run ROLE, or ROLE does not say enough: INFO is asked instead

	// rule returns what an acknowledgement needs now.
	rule func(master quorum.NodeStatus) quorum.Rule
	// same returns an error when the server is no longer the master that the batch was sent to (I4).
	same func(start, end quorum.NodeStatus) error
}

func (p proofPlan) role(ctx context.Context) *redis.Cmd {
	if p.noRole {
		return redis.NewCmd(ctx, "info", "replication")
	}
	return redis.NewCmd(ctx, "role")
}

// prove sends a batch over one connection and proves that its writes survive the loss of the master.
// Behind the batch stand the markers of the data set, the fence, ROLE, which shows where all this
// ended, WAIT, and ROLE again, which shows the replicas that have it. All of it is one round trip. It
// returns the offset that every counted replica has reached.
//
// Each request gets its outcome. An error of the proof leaves the outcome of what was executed unknown
// (I12).
func (c *writeConn) prove(ctx context.Context, p proofPlan, batch []*pipeline.Request) (int64, error) {
	start, end := p.role(ctx), p.role(ctx)
	tail := pipeline.Own(p.fence, start, newWait(ctx, p.rule(c.last).WaitFor(c.last)), end)
	pipe := c.conn.Pipeline()
	send := func(cmd redis.Cmder) {
		if p.asking {
			_ = pipe.Process(ctx, redis.NewCmd(ctx, "asking"))
		}
		_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
	}
	for _, r := range batch {
		r.Reset()
		for _, cmd := range r.Commands() {
			send(cmd)
		}
	}
	p.markers.Queue(ctx, pipe)
	send(tail.Commands()[0])
	for _, cmd := range tail.Commands()[1:] {
		_ = pipe.Process(ctx, cmd)
	}
	_, broken := pipe.Exec(ctx) // of the first command, or of the connection; every command is looked at
	tail.Settle()
	err := tail.Err
	if lost := p.markers.Err(ctx); lost != nil {
		err = lost
	}
	if errors.Is(err, outcome.ErrUnanswered) && broken != nil {
		err = broken
	}
	var reached int64
	if err == nil {
		reached, err = c.confirm(ctx, p, start.Val(), end.Val())
	}
	for _, r := range batch {
		r.Settle()
		if err != nil {
			r.Unproven(err)
		}
	}
	return reached, err
}

// confirm decides by what the master reported before and after WAIT. WAIT counts replicas and does not
// name them, so while a replica is missing it waits again.
func (c *writeConn) confirm(ctx context.Context, p proofPlan, before, after any) (int64, error) {
	start, err := quorum.ParseRole(before)
	if err != nil {
		return 0, err
	}
	if !start.Master {
		return 0, quorum.ErrNotMaster // whatever it is at the end: its offset says nothing about the batch
	}
	end, err := quorum.ParseRole(after)
	for attempt := 1; err == nil; attempt++ {
		c.last = end
		var reached int64
		why := p.same(start, end)
		if why == nil {
			reached, why = p.rule(end).Acknowledge(end, start.Offset)
		}
		if why == nil || attempt == waitAttempts || !end.Master {
			return reached, why
		}
		end, err = c.waitAgain(ctx, p, attempt)
	}
	return 0, err
}

// waitAgain waits for more replicas than came before.
func (c *writeConn) waitAgain(ctx context.Context, p proofPlan, attempt int) (quorum.NodeStatus, error) {
	more := min(p.rule(c.last).WaitFor(c.last)+attempt-1, max(1, len(c.last.Replicas)))
	pipe := c.conn.Pipeline()
	wait, end := newWait(ctx, more), p.role(ctx)
	_, _ = pipe.Process(ctx, wait), pipe.Process(ctx, end)
	if _, err := pipe.Exec(ctx); err != nil {
		return quorum.NodeStatus{}, err
	}
	return quorum.ParseRole(end.Val())
}

func newWait(ctx context.Context, replicas int) *redis.Cmd {
	return redis.NewCmd(ctx, "wait", replicas, waitTimeout.Milliseconds())
}
