package durable

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/redis/dataset"
	"github.com/recipe-web-app/oauth2d/internal/redis/pipeline"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisdial"
)

// Options connect a sender to the connection that it serves. All of them are set.
type Options struct {
	Dial     redisdial.Options
	Addrs    []string // of the Sentinels, or of some nodes of the cluster
	Scripts  *pipeline.Library
	Data     *dataset.Dataset
	FenceKey string // the key that every proof writes

	// Client opens a client of one node; hook runs on each of its new connections.
	Client func(addr string, hook redisdial.Hook) *redis.Client
	// Pause waits for a moment after a failed dial, or until Quit.
	Pause func()
	Quit  <-chan struct{} // closed when the connection is closed

	Connections int           // how many batches of writes may be under way
	Pipeline    time.Duration // bounds one pipeline, with the dial before it
	Lease       time.Duration // how long the Sentinels' last view lets a master be read (I7)
	Observer    bool          // nothing is written unasked: an empty Redis is given no name

	OnState   func(State)        // called several times a second; it must not block
	RoundTrip func(requests int) // called for every pipeline of requests that leaves
	Logger    *slog.Logger
	Now       func() time.Time
}

func (o Options) pipelineContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), o.Pipeline)
}

// State is the state of strict durability behind Sentinels at one time.
type State struct {
	Master   string   // the agreed one; "" before there was any
	Agreed   bool     // a majority of the Sentinels confirms it now
	Lease    bool     // it may be read
	Serving  bool     // it may be written to
	Required []string // the replicas that must have every write
	Known    []string // all replicas
	Losses   uint64   // how often acknowledged writes were found to be missing
	DataLost bool     // the data set was replaced by another: nothing is served
}
