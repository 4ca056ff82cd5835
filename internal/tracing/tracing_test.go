package tracing_test

import (
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/recipe-web-app/oauth2d/internal/tracing"
)

func made(t *testing.T, oneIn int) trace.Tracer {
	t.Helper()
	made, err := tracing.New(t.Context(), tracing.Options{Endpoint: "http://127.0.0.1:1/", OneIn: oneIn, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Stop(t.Context()) })
	return made.Provider().Tracer("test")
}

func TestNothingIsTracedWithoutACollector(t *testing.T) {
	t.Parallel()
	none, err := tracing.New(t.Context(), tracing.Options{})
	if none != nil || err != nil || none.Provider() != nil || none.Stop(t.Context()) != nil {
		t.Errorf("%v, %v", none, err)
	}
	if id := tracing.IDOf(t.Context()); id != "" {
		t.Errorf("a trace %q", id)
	}
}

func TestTheCollectorIsAURL(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "%"} {
		if _, err := tracing.New(t.Context(), tracing.Options{Endpoint: wrong, OneIn: 1}); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// One request in this many begins a trace; background tasks of the server never do.
func TestSampling(t *testing.T) {
	t.Parallel()
	const spans = 20_000
	tracer := made(t, 10)
	var requests, others int
	for range spans {
		ctx, span := tracer.Start(t.Context(), "request", trace.WithSpanKind(trace.SpanKindServer))
		_, child := tracer.Start(ctx, "below", trace.WithSpanKind(trace.SpanKindClient))
		if span.SpanContext().IsSampled() != child.SpanContext().IsSampled() || (tracing.IDOf(ctx) != "") != span.SpanContext().IsSampled() {
			t.Fatal("a request and its child span differ in whether they are traced")
		}
		if span.SpanContext().IsSampled() {
			requests++
		}
		if _, alone := tracer.Start(t.Context(), "alone", trace.WithSpanKind(trace.SpanKindClient)); alone.SpanContext().IsSampled() {
			others++
		}
	}
	if requests < spans/10-500 || requests > spans/10+500 || others != 0 {
		t.Errorf("%d of %d requests and %d others", requests, spans, others)
	}
}
