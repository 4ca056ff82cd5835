package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options configure a Tracing.
type Options struct {
	Endpoint string            // of the collector, such as http://127.0.0.1:4318; empty: nothing is traced
	Headers  map[string]string // sent with every request to it
	OneIn    int               // one request in this many is traced; at least 1
	Version  string            // of this server
	Log      *slog.Logger      // reports when spans cannot be sent
}

// Tracing sends spans. A nil Tracing traces nothing.
type Tracing struct{ provider *sdk.TracerProvider }

// New returns a Tracing, or nil when no collector is configured. It does not contact the collector yet.
func New(ctx context.Context, o Options) (*Tracing, error) {
	if o.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracing traces nothing
	}
	target, err := endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(target), otlptracehttp.WithHeaders(o.Headers))
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return &Tracing{provider: sdk.NewTracerProvider(
		sdk.WithBatcher(&patient{SpanExporter: exporter, log: o.Log}),
		sdk.WithSampler(sdk.ParentBased(requests{sdk.TraceIDRatioBased(1 / float64(max(1, o.OneIn)))})),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "oauth2d"), attribute.String("service.version", o.Version),
		)),
	)}, nil
}

// endpoint adds the path of OTLP if the URL has no path.
func endpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("tracing.endpoint: want a URL such as http://127.0.0.1:4318")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

// Provider returns the source of spans, or nil when nothing is traced.
func (t *Tracing) Provider() trace.TracerProvider {
	if t == nil {
		return nil
	}
	return t.provider
}

// Stop sends the spans that are still queued, at most until ctx ends.
func (t *Tracing) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// IDOf returns the id of the trace of a context, or "" when it is not traced.
func IDOf(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsSampled() {
		return ""
	}
	return span.TraceID().String()
}

// requests lets only requests begin a trace: background tasks of the server are not traced.
type requests struct{ sdk.Sampler }

// ShouldSample implements the SDK's Sampler.
func (r requests) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	if p.Kind != trace.SpanKindServer {
		return sdk.SamplingResult{Decision: sdk.Drop}
	}
	return r.Sampler.ShouldSample(p)
}

// patient logs once that the collector does not answer, and once that it answers again. Spans that could not be sent
// are lost.
type patient struct {
	sdk.SpanExporter
	log    *slog.Logger
	silent atomic.Bool
}

// ExportSpans implements the SDK's SpanExporter.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	switch was := p.silent.Swap(err != nil); {
	case err != nil && !was:
		p.log.Warn("traces cannot be sent", "error", err.Error())
	case err == nil && was:
		p.log.Info("traces are sent again")
	}
	return nil // it is already logged; the SDK would print it again
}
