package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/quorum"
)

// Request is one caller's write or read. From the moment it is submitted it belongs to the committer; its caller
// must not touch the commands until Wait has returned.
type Request struct {
	Err error // the outcome, set by the sender

	ctx      context.Context
	cmds     []redis.Cmder
	script   *Script // of a write
	call     Call
	queued   time.Time
	answered chan struct{}

	// Room for a request of one command, which most are.
	only  [1]redis.Cmder
	first [1]command
}

// NewWrite makes a request that runs a script. The driver sends it once.
func NewWrite(ctx context.Context, now time.Time, s *Script, call Call) *Request {
	r := &Request{ctx: ctx, script: s, call: call, queued: now, answered: make(chan struct{})}
	r.wrap(s.command(ctx, call))
	r.first[0].once = true
	return r
}

// NewRead makes a request of commands that change nothing.
func NewRead(ctx context.Context, now time.Time, cmds []redis.Cmder) *Request {
	r := &Request{ctx: ctx, queued: now, answered: make(chan struct{})}
	r.wrap(cmds...)
	return r
}

// Own makes a request of commands for which no caller waits.
func Own(cmds ...redis.Cmder) *Request {
	r := new(Request)
	r.wrap(cmds...)
	return r
}

func (r *Request) wrap(cmds ...redis.Cmder) {
	r.cmds = r.only[:]
	wrapped := r.first[:]
	if len(cmds) != 1 {
		r.cmds, wrapped = make([]redis.Cmder, len(cmds)), make([]command, len(cmds))
	}
	for i, cmd := range cmds {
		wrapped[i].Cmder = cmd
		r.cmds[i] = &wrapped[i]
	}
}

// Context returns the context of the caller.
func (r *Request) Context() context.Context { return r.ctx }

// Queued returns when the request was made.
func (r *Request) Queued() time.Time { return r.queued }

// Key returns the first key of a write.
func (r *Request) Key() string { return r.call.Keys[0] }

// Commands returns the commands, for the driver.
func (r *Request) Commands() []redis.Cmder { return r.cmds }

// Answer returns the reply of the script of a write.
func (r *Request) Answer() any {
	switch cmd := r.first[0].Cmder.(type) {
	case *redis.StringSliceCmd:
		return cmd.Val()
	case *redis.Cmd:
		return cmd.Val()
	}
	return nil
}

// Redo returns the call that establishes again what an acknowledged write established; nil when there is none.
func (r *Request) Redo() *Redone {
	if r.script == nil || r.script.redo == nil {
		return nil
	}
	return r.script.redo(r.call, r.Answer())
}

// Settle takes the outcome from the commands: the first error that is more than an absence, or that a command was never
// answered.
func (r *Request) Settle() {
	r.Err = nil
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours && !c.settled {
			r.Err = outcome.ErrUnanswered
			return
		}
		if err := cmd.Err(); err != nil && outcome.Of(err) != outcome.Nil {
			r.Err = err
			return
		}
	}
}

// Unproven records why the proof behind a batch failed. A request that was answered was carried out: report its outcome
// as unknown, never as "not executed", and do not follow a redirect of the proof (I12).
func (r *Request) Unproven(why error) {
	switch {
	case r.Err == nil && errors.Is(why, quorum.ErrNotDurable):
		r.Err = why
	case r.Err == nil:
		r.Err = fmt.Errorf("%w: %w", quorum.ErrNotDurable, why)
	case errors.Is(r.Err, outcome.ErrUnanswered):
		r.Err = why
	}
}

// Reset makes the commands ready to be sent, once more or for the first time.
func (r *Request) Reset() {
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours {
			c.Cmder.SetErr(nil)
			c.settled = false
		}
	}
}

// Queue adds the commands of a batch to a pipeline, ready to be sent.
func Queue(ctx context.Context, pipe redis.Pipeliner, batch []*Request) {
	for _, r := range batch {
		r.Reset()
		for _, cmd := range r.cmds {
			_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
		}
	}
}

// Refuse ends every request of a batch with the same error.
func Refuse(batch []*Request, why error) {
	for _, r := range batch {
		r.Err = why
	}
}

// WithoutScript returns the requests that were not executed because the server does not know the
// script. Those may be sent again (I12).
func WithoutScript(batch []*Request) []*Request {
	var again []*Request
	for _, r := range batch {
		if outcome.Of(r.Err) == outcome.NoScript {
			again = append(again, r)
		}
	}
	return again
}

// command is a command on its way through the driver.
type command struct {
	redis.Cmder
	once    bool // the driver must not repeat it: after a lost connection it may have run
	settled bool // the driver set the outcome
	traced  bool // the request is traced
}

// NoRetry implements redis.Cmder. MOVED and ASK are followed all the same: there it did not run.
func (c *command) NoRetry() bool { return c.once || c.Cmder.NoRetry() }

// SetErr implements redis.Cmder. The driver calls it with every reply. It does not when the server refuses a new
// connection (a wrong password, data that is still being loaded): then the commands look as if they had succeeded
// with an empty answer, and an absence means denied.
func (c *command) SetErr(err error) {
	c.settled = true
	c.Cmder.SetErr(err)
}

// KeyOf returns the first key of a command; "" for a command without keys.
func KeyOf(cmd redis.Cmder) string {
	words := cmd.Args()
	at := 1
	if strings.HasPrefix(strings.ToLower(cmd.Name()), "eval") {
		at = 3
	}
	if len(words) <= at {
		return ""
	}
	key, _ := words[at].(string)
	return key
}
