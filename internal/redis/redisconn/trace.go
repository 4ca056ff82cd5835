package redisconn

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	status "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced begins the span of a question when the request that asks it is traced; end ends it. The span is
// named by the verb and holds no key, argument or answer.
func (db *DB) traced(r *request, verb string) (end func(error)) {
	if db.opt.Tracer == nil || !trace.SpanContextFromContext(r.ctx).IsSampled() {
		return func(error) {}
	}
	var span trace.Span
	r.ctx, span = db.opt.Tracer.Tracer("redisconn").Start(r.ctx, "redis "+verb, trace.WithSpanKind(trace.SpanKindClient))
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours {
			c.traced = true
		}
	}
	return func(err error) {
		if err != nil {
			span.SetStatus(status.Error, ResultOf(err))
		}
		span.End()
	}
}

// instrument lets the driver make a span of every pipeline in which a traced question travels.
func (db *DB) instrument(client redis.UniversalClient) error {
	if db.opt.Tracer == nil {
		return nil
	}
	err := redisotel.InstrumentTracing(client,
		redisotel.WithTracerProvider(db.opt.Tracer),
		redisotel.WithDBStatement(false), // it would hold what is stored
		redisotel.WithCallerEnabled(false),
		redisotel.WithDialFilter(true),
		redisotel.WithCommandFilter(func(redis.Cmder) bool { return true }),
		redisotel.WithCommandsFilter(func(cmds []redis.Cmder) bool {
			return !slices.ContainsFunc(cmds, func(cmd redis.Cmder) bool {
				c, ours := cmd.(*command)
				return ours && c.traced
			})
		}),
	)
	if err != nil {
		return fmt.Errorf("redis: tracing: %w", err)
	}
	return nil
}

// within puts a pipeline below the first traced question of its batch: the others share it.
func within(ctx context.Context, batch []*request) context.Context {
	for _, r := range batch {
		if span := trace.SpanContextFromContext(r.ctx); span.IsSampled() {
			return trace.ContextWithSpanContext(ctx, span)
		}
	}
	return ctx
}
