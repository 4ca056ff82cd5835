package redisconn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/durable"
	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// DB is an open connection to Redis. It is safe for concurrent use.
type DB struct {
	opt       Options
	dial      redisdial.Options
	keys      keyNames
	client    redis.UniversalClient
	scripts   *pipeline.Library
	gate      *gate
	claims    claims
	data      *dataset.Dataset
	writing   *writing
	writes    *pipeline.Committer
	reads     *pipeline.Committer
	quit      chan struct{}
	cluster   *redis.ClusterClient // the client in Cluster mode; nil otherwise
	embedded  *embedded            // nil in every other mode
	sentinels *durable.Sentinels   // of strict durability behind Sentinels; nil otherwise
	shards    *durable.Cluster     // of strict durability in a cluster; nil otherwise
}

// Mode returns what is behind the connection.
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
func (db *DB) DataLost() bool { return db.data.Lost() }

// WriteError returns why changes are refused now, by the outcome of the last ones; nil when they are
// accepted.
func (db *DB) WriteError() error { return db.writing.status() }

// Durability is when a write is acknowledged.
func (db *DB) Durability() Durability { return db.opt.Durability }

// Scripts returns the library that makes scripts for this connection.
func (db *DB) Scripts() *pipeline.Library { return db.scripts }

// Write carries out one state change. It is sent once: only a request that Redis certainly did not
// execute (it did not know the script, or named another node) is sent again. An error, always an
// *outcome.Error, means that the outcome is unknown; the end of ctx is such an error.
func (db *DB) Write(ctx context.Context, verb string, s *Script, keys []string, args ...any) (any, error) {
	r := pipeline.NewWrite(ctx, db.opt.Now(), s, Call{Keys: keys, Args: args})
	if err := db.do(db.writes, verb, r); err != nil {
		return nil, err
	}
	return r.Answer(), nil
}

// WriteEach carries out several changes of one kind that do not depend on one another. They are
// queued together, so that they leave together. The first error is returned; each of the others may
// or may not have been carried out.
func (db *DB) WriteEach(ctx context.Context, verb string, s *Script, calls []Call) ([]any, error) {
	requests := make([]*pipeline.Request, 0, len(calls))
	for _, call := range calls {
		r := pipeline.NewWrite(ctx, db.opt.Now(), s, call)
		if err := db.writes.Submit(ctx, r); err != nil {
			return nil, db.Report(verb, r.Queued(), err)
		}
		requests = append(requests, r)
	}
	results := make([]any, len(requests))
	for i, r := range requests {
		err := db.writes.Wait(ctx, r)
		db.writing.note(r, err)
		if err := db.Report(verb, r.Queued(), err); err != nil {
			return nil, err
		}
		results[i] = r.Answer()
	}
	return results, nil
}

// Read sends commands that change nothing. They leave together; their answers are not of one instant.
// The absence of something is an answer, not an error: it stands in its command as redis.Nil.
// After an error, always an *outcome.Error, the commands must not be looked at.
func (db *DB) Read(ctx context.Context, verb string, cmds ...redis.Cmder) error {
	if len(cmds) == 0 {
		return nil
	}
	return db.do(db.reads, verb, pipeline.NewRead(ctx, db.opt.Now(), cmds))
}

func (db *DB) do(c *pipeline.Committer, verb string, r *pipeline.Request) error {
	end := r.Trace(db.opt.Tracer, verb)
	err := c.Submit(r.Context(), r)
	if err == nil {
		err = c.Wait(r.Context(), r)
	}
	end(err)
	if c == db.writes {
		db.writing.note(r, err)
	}
	return db.Report(verb, r.Queued(), err)
}

// Report counts the outcome of a question and wraps its error in the form that callers see.
func (db *DB) Report(verb string, start time.Time, err error) error {
	result := outcome.Of(err)
	db.opt.Observe(verb, result, db.opt.Now().Sub(start))
	if err == nil {
		return nil
	}
	return &outcome.Error{Verb: verb, Result: result, Cause: err}
}

// sendWrites is the sender of relaxed durability: a write is acknowledged when the master has executed it.
func (db *DB) sendWrites(batch []*pipeline.Request) { db.withScripts(batch, db.exec) }

// withScripts sends a batch, and once more those requests whose script the server did not know.
func (db *DB) withScripts(batch []*pipeline.Request, send func([]*pipeline.Request)) {
	send(batch)
	again := pipeline.WithoutScript(batch)
	if len(again) == 0 {
		return
	}
	ctx, cancel := db.pipelineContext()
	defer cancel()
	if db.loadEverywhere(ctx) == nil {
		send(again)
	}
}

func (db *DB) sendReads(batch []*pipeline.Request) { db.exec(batch) }

// exec sends a batch in one pipeline for each set of servers that its requests need, at the same time. A
// silent master of a cluster then fails only the requests that need it: the driver fails a pipeline as a
// whole, with the answers that other masters have returned.
func (db *DB) exec(batch []*pipeline.Request) {
	if db.cluster == nil {
		db.execTogether(batch)
		return
	}
	var all sync.WaitGroup
	for _, group := range db.data.ByServers(batch) {
		all.Go(func() { db.execTogether(group) })
	}
	all.Wait()
}

// execTogether is one pipeline, there and back.
func (db *DB) execTogether(batch []*pipeline.Request) {
	if why := db.gate.blocked(); why != nil {
		for _, r := range batch {
			r.Err = why
		}
		return
	}
	ctx, cancel := db.pipelineContext()
	defer cancel()
	ctx = pipeline.Within(ctx, batch)
	if db.data.Lost() && !db.data.IsBack(ctx, db.client) {
		pipeline.Refuse(batch, outcome.ErrDataLost)
		return
	}
	pipe := db.client.Pipeline()
	markers := db.data.MarkersFor(ctx, batch)
	markers.Queue(ctx, pipe)
	pipeline.Queue(ctx, pipe, batch)
	db.opt.RoundTrip(len(batch))
	_, err := pipe.Exec(ctx) // of the first command, or of the connection; each request looks at its own
	for _, r := range batch {
		r.Settle()
		if errors.Is(r.Err, outcome.ErrUnanswered) && err != nil {
			r.Err = err
		}
	}
	if why := markers.Err(ctx); why != nil {
		for _, r := range batch {
			r.Unproven(why)
		}
	}
	if db.cluster != nil {
		// One node's silence says nothing about the others, but its slots may be elsewhere by now.
		if slices.ContainsFunc(batch, func(r *pipeline.Request) bool { return outcome.Unserved(r.Err) }) {
			db.cluster.ReloadState(ctx)
		}
		return
	}
	db.gate.learn(err)
}

func (db *DB) pipelineContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), db.opt.pipelineTimeout())
}

// stale reports whether a request waited in the queue for as long as two pipelines may take: then Redis does not answer,
// and an error now helps the caller more than waiting longer.
func (db *DB) stale(queued time.Time) bool {
	return db.opt.Now().Sub(queued) > 2*db.opt.pipelineTimeout()
}

func (db *DB) loadEverywhere(ctx context.Context) error {
	return db.EachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return db.scripts.Load(ctx, node) })
}

// Close lets the pipelines under way finish, refuses everything else and closes all connections.
func (db *DB) Close() error {
	close(db.quit)
	db.writes.Close()
	db.reads.Close()
	if db.sentinels != nil {
		db.sentinels.Close()
	}
	if db.shards != nil {
		db.shards.Close()
	}
	err := db.client.Close()
	if db.embedded != nil {
		db.embedded.close()
	}
	return err
}
