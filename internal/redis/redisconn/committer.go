package redisconn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// request is what one caller wants to know. From the moment it is queued it belongs to the
// committer; its caller waits for answered and must leave the commands alone until then.
type request struct {
	ctx      context.Context
	cmds     []redis.Cmder
	script   *Script // of a write
	call     Call
	queued   time.Time
	err      error
	answered chan struct{}
}

// settle takes the outcome from the commands: the first error that is more than an absence, or
// that one was never answered.
func (r *request) settle() {
	r.err = nil
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours && !c.told {
			r.err = errUnanswered
			return
		}
		if err := cmd.Err(); err != nil && ResultOf(err) != ResultNil {
			r.err = err
			return
		}
	}
}

// unproven takes note of why the proof behind a batch failed. What was answered was carried out: an
// error of the proof's own (its fence found no memory, the master no replica) must not read as if it
// had not been, nor be followed to another server.
func (r *request) unproven(why error) {
	switch {
	case r.err == nil && errors.Is(why, quorum.ErrNotDurable):
		r.err = why
	case r.err == nil:
		r.err = fmt.Errorf("%w: %w", quorum.ErrNotDurable, why)
	case errors.Is(r.err, errUnanswered):
		r.err = why
	}
}

// forget makes the commands ready to be sent, once more or for the first time.
func (r *request) forget() {
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours {
			c.Cmder.SetErr(nil)
			c.told = false
		}
	}
}

// answer is what the script of a write answered.
func (r *request) answer() any { return r.cmds[0].(*command).Cmder.(*redis.Cmd).Val() }

// command is a command on its way through the driver.
type command struct {
	redis.Cmder
	once   bool // the driver must not repeat it: after a lost connection nobody knows whether it ran
	told   bool // the driver said what became of it
	traced bool // whoever asks is traced
}

// NoRetry implements redis.Cmder. MOVED and ASK are followed all the same: there it did not run.
func (c *command) NoRetry() bool { return c.once || c.Cmder.NoRetry() }

// SetErr implements redis.Cmder. The driver calls it with every reply. It does not when a new
// connection is refused by the server itself (a wrong password, data that is still being loaded):
// then the commands look as if they had succeeded with an empty answer, and an absence means
// denied.
func (c *command) SetErr(err error) {
	c.told = true
	c.Cmder.SetErr(err)
}

// sender carries a batch to Redis and leaves its outcome in every request. It is where a stricter
// durability puts its own tail behind the batch.
type sender func(batch []*request)

// committer lets the requests of many callers leave together: it takes one request, adds what else
// is waiting, and sends all of it in one pipeline. There is no timer. Several of its loops may run
// at a time, so that one batch fills while another is under way.
type committer struct {
	queue chan *request
	send  sender
	stale func(queued time.Time) bool // waited so long that its caller is not to be kept any longer
	quit  chan struct{}
	loops sync.WaitGroup
}

func newCommitter(loops int, stale func(time.Time) bool, send sender) *committer {
	c := &committer{
		queue: make(chan *request, queueLength),
		send:  send,
		stale: stale,
		quit:  make(chan struct{}),
	}
	for range loops {
		c.loops.Go(c.run)
	}
	return c
}

// submit queues requests; do waits for them too.
func (c *committer) submit(ctx context.Context, r *request) error {
	select {
	case <-c.quit: // looked at first: the queue may have room for what nobody will fetch
		return errClosed
	default:
	}
	select {
	case c.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return errClosed
	}
}

// wait returns the outcome of a request that was submitted. A caller whose context ends gets its
// error at once; what became of the request is then unknown.
func (c *committer) wait(ctx context.Context, r *request) error {
	select {
	case <-r.answered:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		select {
		case <-r.answered:
			return r.err
		default:
			return errClosed
		}
	}
}

func (c *committer) run() {
	batch := make([]*request, 0, maxBatch)
	for {
		select {
		case <-c.quit:
			return
		case r := <-c.queue:
			batch = c.fill(append(batch[:0], r))
		}
		if batch = c.dropAbandoned(batch); len(batch) == 0 {
			continue
		}
		c.send(batch)
		for i, r := range batch {
			close(r.answered)
			batch[i] = nil
		}
	}
}

func (c *committer) fill(batch []*request) []*request {
	for len(batch) < maxBatch {
		select {
		case r := <-c.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// dropAbandoned answers those whose caller has left, or that waited too long, without asking.
func (c *committer) dropAbandoned(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		r.err = r.ctx.Err()
		if r.err == nil && c.stale(r.queued) {
			r.err = context.DeadlineExceeded
		}
		if r.err != nil {
			close(r.answered)
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// close lets the batches under way finish and refuses everything else.
func (c *committer) close() {
	close(c.quit)
	c.loops.Wait()
}
