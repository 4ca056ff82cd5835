package redisconn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// DB is an open connection to Redis. It is safe for concurrent use.
type DB struct {
	opt      Options
	dial     redisdial.Options
	keys     keyNames
	client   redis.UniversalClient
	scripts  *library
	gate     *gate
	claims   claims
	data     *dataset
	writing  *writing
	writes   *committer
	reads    *committer
	quit     chan struct{}
	cluster  *redis.ClusterClient // the client in Cluster mode; nil otherwise
	embedded *embedded            // nil in every other mode
	durable  *durable             // of strict durability behind Sentinels; nil otherwise
	waiter   *waiter              // of strict durability in a cluster; nil otherwise
}

// Mode tells what stands behind the connection.
func (db *DB) Mode() Mode { return db.opt.Mode }

// Stamp is the time argument of a script that asks Redis for the time itself: empty, or the caller's
// time in ms where Options.CallerClock says so.
func (db *DB) Stamp(now time.Time) any {
	if db.opt.CallerClock {
		return now.UnixMilli()
	}
	return ""
}

// Options returns what the connection was opened with, defaults filled in.
func (db *DB) Options() Options { return db.opt }

// Driver returns the driver's client, for probes only: requests leave through Write and Read, which
// hold the guarantees of this package.
func (db *DB) Driver() redis.UniversalClient { return db.client }

// EachMaster calls ask for every master, at the same time in a cluster, and returns the first error.
func (db *DB) EachMaster(ctx context.Context, ask func(context.Context, *redis.Client) error) error {
	switch client := db.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, ask)
	case *redis.Client:
		return ask(ctx, client)
	}
	return nil
}

// DataLost reports whether the data set is gone or was replaced by another, so that nothing is served.
func (db *DB) DataLost() bool { return db.data.isLost() }

// WriteError returns why changes are refused now, by the outcome of the last ones; nil when they are
// accepted.
func (db *DB) WriteError() error { return db.writing.status() }

// Durability is when a write is acknowledged.
func (db *DB) Durability() Durability { return db.opt.Durability }

// Use makes scripts known, so that every new connection loads them.
func (db *DB) Use(scripts ...*Script) { db.scripts.add(scripts...) }

// Call is one run of a script.
type Call struct {
	Keys []string
	Args []any
}

// Write carries out one state change. It is sent once: only a request that Redis certainly did not
// execute (it did not know the script, or named another node) is sent again. An error, always an
// *Error, means that the outcome is unknown; the end of ctx is such an error.
func (db *DB) Write(ctx context.Context, verb string, s *Script, keys []string, args ...any) (any, error) {
	r := db.newWrite(ctx, s, Call{Keys: keys, Args: args})
	if err := db.do(db.writes, verb, r); err != nil {
		return nil, err
	}
	return r.answer(), nil
}

// WriteEach carries out several changes of one kind that do not depend on one another. They are
// queued together, so that they leave together. The first error is answered; each of the others may
// or may not have been carried out.
func (db *DB) WriteEach(ctx context.Context, verb string, s *Script, calls []Call) ([]any, error) {
	requests := make([]*request, 0, len(calls))
	for _, call := range calls {
		r := db.newWrite(ctx, s, call)
		if err := db.writes.submit(ctx, r); err != nil {
			return nil, db.Report(verb, r.queued, err)
		}
		requests = append(requests, r)
	}
	results := make([]any, len(requests))
	for i, r := range requests {
		err := db.writes.wait(ctx, r)
		db.writing.note(r, err)
		if err := db.Report(verb, r.queued, err); err != nil {
			return nil, err
		}
		results[i] = r.answer()
	}
	return results, nil
}

// Read asks. The commands must change nothing; they leave side by side and are not one instant.
// The absence of something is an answer, not an error: it stands in its command as redis.Nil.
// After an error, always an *Error, the commands must not be looked at.
func (db *DB) Read(ctx context.Context, verb string, cmds ...redis.Cmder) error {
	if len(cmds) == 0 {
		return nil
	}
	r := &request{ctx: ctx, queued: db.opt.Now(), answered: make(chan struct{})}
	for _, cmd := range cmds {
		r.cmds = append(r.cmds, &command{Cmder: cmd})
	}
	return db.do(db.reads, verb, r)
}

func (db *DB) do(c *committer, verb string, r *request) error {
	end := db.traced(r, verb)
	err := c.submit(r.ctx, r)
	if err == nil {
		err = c.wait(r.ctx, r)
	}
	end(err)
	if c == db.writes {
		db.writing.note(r, err)
	}
	return db.Report(verb, r.queued, err)
}

// Report counts the outcome of a question and wraps its error in the form that callers see.
func (db *DB) Report(verb string, start time.Time, err error) error {
	result := ResultOf(err)
	db.opt.Observe(verb, result, db.opt.Now().Sub(start))
	if err == nil {
		return nil
	}
	return &Error{Verb: verb, Result: result, cause: err}
}

func (db *DB) newWrite(ctx context.Context, s *Script, call Call) *request {
	db.scripts.add(s)
	return &request{
		ctx:      ctx,
		cmds:     []redis.Cmder{&command{Cmder: redis.NewCmd(ctx, s.words(call)...), once: true}},
		script:   s,
		call:     call,
		queued:   db.opt.Now(),
		answered: make(chan struct{}),
	}
}

// sendWrites is the sender of relaxed durability: acknowledged is what the master executed.
func (db *DB) sendWrites(batch []*request) {
	db.exec(batch)
	again := withoutScript(batch)
	if len(again) == 0 {
		return
	}
	ctx, cancel := db.pipelineContext()
	defer cancel()
	if db.loadEverywhere(ctx) == nil {
		db.exec(again)
	}
}

func (db *DB) sendReads(batch []*request) { db.exec(batch) }

// exec sends a batch in one pipeline for each set of servers that its requests need, at the same time. A
// silent master of a cluster then fails only the requests that need it: the driver gives up on a pipeline as
// a whole, also on what other masters have answered.
func (db *DB) exec(batch []*request) {
	groups := db.data.byServers(batch)
	var others sync.WaitGroup
	for _, group := range groups[1:] {
		others.Go(func() { db.execTogether(group) })
	}
	db.execTogether(groups[0]) // usually the only one, which needs no goroutine
	others.Wait()
}

// execTogether is one pipeline, there and back.
func (db *DB) execTogether(batch []*request) {
	if why := db.gate.blocked(); why != nil {
		for _, r := range batch {
			r.err = why
		}
		return
	}
	ctx, cancel := db.pipelineContext()
	defer cancel()
	ctx = within(ctx, batch)
	if db.data.isLost() && !db.isBack(ctx) {
		refuse(batch, errHistory)
		return
	}
	pipe := db.client.Pipeline()
	proof := db.data.proofOf(ctx, batch)
	for _, cmd := range proof.cmds() {
		_ = pipe.Process(ctx, cmd)
	}
	for _, r := range batch {
		r.forget()
		for _, cmd := range r.cmds {
			_ = pipe.Process(ctx, cmd) // only queues; it cannot fail
		}
	}
	db.opt.RoundTrip(len(batch))
	_, err := pipe.Exec(ctx) // of the first command, or of the connection; each request looks at its own
	for _, r := range batch {
		r.settle()
		if errors.Is(r.err, errUnanswered) && err != nil {
			r.err = err
		}
	}
	if why := proof.err(ctx); why != nil {
		for _, r := range batch {
			r.unproven(why)
		}
	}
	if db.cluster != nil {
		// One node's silence says nothing about the others, but its slots may be elsewhere by now.
		if slices.ContainsFunc(batch, unserved) {
			db.cluster.ReloadState(ctx)
		}
		return
	}
	db.gate.learn(err)
}

// isBack asks for the markers alone: while the data set is lost, nothing is written to what is there
// instead.
func (db *DB) isBack(ctx context.Context) bool {
	proof := db.data.proofOfAll(ctx)
	pipe := db.client.Pipeline()
	for _, cmd := range proof.cmds() {
		_ = pipe.Process(ctx, cmd)
	}
	_, _ = pipe.Exec(ctx) // every command is looked at
	return proof.err(ctx) == nil
}

// unserved reports whether a request came to a node that does not serve now.
func unserved(r *request) bool {
	return slices.Contains([]string{ResultUnreachable, ResultTimeout, ResultReadOnly}, ResultOf(r.err))
}

func (db *DB) pipelineContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), db.opt.DialTimeout+db.opt.Timeout)
}

// stale reports whether a request waited in the queue for as long as two pipelines may take: then
// Redis is not answering, and its caller is better told than kept.
func (db *DB) stale(queued time.Time) bool {
	return db.opt.Now().Sub(queued) > 2*(db.opt.DialTimeout+db.opt.Timeout)
}

func (db *DB) loadEverywhere(ctx context.Context) error {
	return db.EachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return db.scripts.load(ctx, node) })
}

// Close lets the pipelines under way finish, refuses everything else and closes all connections.
func (db *DB) Close() error {
	close(db.quit)
	db.writes.close()
	db.reads.close()
	if db.durable != nil {
		db.durable.close()
	}
	if db.waiter != nil {
		db.waiter.close()
	}
	err := db.client.Close()
	if db.embedded != nil {
		db.embedded.close()
	}
	return err
}
