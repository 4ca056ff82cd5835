package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	status "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/redis/outcome"
)

// Trace begins the span of a request when its caller is traced; end ends it. The span is named by the verb and holds
// no key, argument or answer. tracer may be nil: then there are no spans.
func (r *Request) Trace(tracer trace.TracerProvider, verb string) (end func(error)) {
	if tracer == nil || !trace.SpanContextFromContext(r.ctx).IsSampled() {
		return func(error) {}
	}
	var span trace.Span
	r.ctx, span = tracer.Tracer("redisconn").Start(r.ctx, "redis "+verb, trace.WithSpanKind(trace.SpanKindClient))
	for _, cmd := range r.cmds {
		if c, ours := cmd.(*command); ours {
			c.traced = true
		}
	}
	return func(err error) {
		if err != nil {
			span.SetStatus(status.Error, outcome.Of(err))
		}
		span.End()
	}
}

// Instrument lets the driver make a span of every pipeline in which a traced request travels. tracer may be nil.
func Instrument(client redis.UniversalClient, tracer trace.TracerProvider) error {
	if tracer == nil {
		return nil
	}
	err := redisotel.InstrumentTracing(client,
		redisotel.WithTracerProvider(tracer),
		redisotel.WithDBStatement(false), // it would hold stored values
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

// Within puts a pipeline below the first traced request of its batch; the other requests share it.
func Within(ctx context.Context, batch []*Request) context.Context {
	for _, r := range batch {
		if span := trace.SpanContextFromContext(r.ctx); span.IsSampled() {
			return trace.ContextWithSpanContext(ctx, span)
		}
	}
	return ctx
}
