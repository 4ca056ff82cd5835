package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// The bounds of a batch and of a queue.
const (
	maxBatch    = 128
	queueLength = 4 * maxBatch
)

// Sender carries a batch to Redis and leaves its outcome in every request. It is where a stricter
// durability puts its own tail behind the batch.
type Sender func(batch []*Request)

// Committer lets the requests of many callers leave together: it takes one request, adds what else
// is waiting, and sends all of it in one pipeline. There is no timer. Several of its loops may run
// at a time, so that one batch fills while another is under way.
type Committer struct {
	queue chan *Request
	send  Sender
	stale func(queued time.Time) bool // waited so long that its caller is not to be kept any longer
	quit  chan struct{}
	loops sync.WaitGroup
}

// NewCommitter starts a committer with a number of loops. stale reports whether a request waited too long to be sent.
func NewCommitter(loops int, stale func(time.Time) bool, send Sender) *Committer {
	c := &Committer{
		queue: make(chan *Request, queueLength),
		send:  send,
		stale: stale,
		quit:  make(chan struct{}),
	}
	for range loops {
		c.loops.Go(c.run)
	}
	return c
}

// Submit queues a request; Wait waits for its outcome.
func (c *Committer) Submit(ctx context.Context, r *Request) error {
	select {
	case <-c.quit: // looked at first: the queue may have room for what nobody will fetch
		return outcome.ErrClosed
	default:
	}
	select {
	case c.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return outcome.ErrClosed
	}
}

// Wait returns the outcome of a request that was submitted. A caller whose context ends gets its
// error at once; what became of the request is then unknown.
func (c *Committer) Wait(ctx context.Context, r *Request) error {
	select {
	case <-r.answered:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		select {
		case <-r.answered:
			return r.Err
		default:
			return outcome.ErrClosed
		}
	}
}

func (c *Committer) run() {
	batch := make([]*Request, 0, maxBatch)
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

func (c *Committer) fill(batch []*Request) []*Request {
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
func (c *Committer) dropAbandoned(batch []*Request) []*Request {
	kept := batch[:0]
	for _, r := range batch {
		r.Err = r.ctx.Err()
		if r.Err == nil && c.stale(r.queued) {
			r.Err = context.DeadlineExceeded
		}
		if r.Err != nil {
			close(r.answered)
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// Close lets the batches under way finish and refuses everything else.
func (c *Committer) Close() {
	close(c.quit)
	c.loops.Wait()
}
