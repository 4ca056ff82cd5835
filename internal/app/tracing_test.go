package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// gathering is a collector that stores the traces that it receives.
type gathering struct {
	mu     sync.Mutex
	raw    bytes.Buffer
	header string
	spans  []*trace.Span
}

// ServeHTTP implements http.Handler.
func (g *gathering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	raw, _ := io.ReadAll(body)
	var received collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &received); err != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.raw.Write(raw)
	g.header = r.Header.Get("X-Tenant")
	for _, resource := range received.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			g.spans = append(g.spans, scope.Spans...)
		}
	}
}

func (g *gathering) all() []*trace.Span {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.spans)
}

func named(spans []*trace.Span, name string) *trace.Span {
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func TestTraces(t *testing.T) {
	t.Parallel()
	g := &gathering{}
	target := httptest.NewServer(g)
	defer target.Close()
	d := testkit.Start(t, func(c *config.Config) {
		c.Tracing = config.Tracing{Endpoint: target.URL, Headers: []config.Secret{"X-Tenant=kitchen"}, SampleOneIn: 1}
	})
	demo, person := d.Demo(), testkit.NewPerson(t)
	answer := demo.Login(t, person)
	demo.Introspect(t, answer.Text("access_token"))
	strangers(t, d)
	redistest.Eventually(t, 30*time.Second, "the spans arrive", func() bool {
		return named(g.all(), "POST /introspect") != nil && named(g.all(), "GET /.well-known/jwks.json") != nil
	})

	spans := g.all()
	request := named(spans, "POST /token")
	question := named(spans, "redis grants.advance")
	if request == nil || question == nil || g.header != "kitchen" {
		t.Fatalf("the token request and its question are missing: %v; header %q", spans, g.header)
	}
	if !bytes.Equal(question.TraceId, request.TraceId) || !bytes.Equal(question.ParentSpanId, request.SpanId) {
		t.Error("the question does not hang below the request")
	}
	if !slices.ContainsFunc(spans, func(s *trace.Span) bool {
		return strings.HasPrefix(s.Name, "redis.pipeline") && bytes.Equal(s.ParentSpanId, question.SpanId)
	}) {
		t.Error("no pipeline hangs below the question")
	}
	for _, s := range spans {
		if len(s.ParentSpanId) == 0 && s.Kind != trace.Span_SPAN_KIND_SERVER {
			t.Errorf("%s began a trace by itself", s.Name)
		}
	}
	strange := named(spans, "GET /.well-known/jwks.json")
	if hex.EncodeToString(strange.TraceId) == strangersTrace || len(strange.Links) != 1 {
		t.Errorf("a stranger's traceparent: %v", strange)
	}
	raw := g.raw.String()
	for _, secret := range []string{answer.Text("access_token"), answer.Text("refresh_token"), demo.Secret, person.Password, "not-to-be-shown"} {
		if secret == "" || strings.Contains(raw, secret) {
			t.Errorf("a span holds %.6s…", secret)
		}
	}
	exemplars(t, d, spans)
}

// strangersTrace is the trace that a caller, who is not a trusted proxy, asks for.
const strangersTrace = "0af7651916cd43dd8448eb211c80319c"

func strangers(t *testing.T, d *testkit.Daemon) {
	t.Helper()
	for _, path := range []string{"/.well-known/jwks.json?code=not-to-be-shown", "/nowhere/not-to-be-shown"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Base+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Traceparent", "00-"+strangersTrace+"-b7ad6b7169203331-01")
		testkit.Do(t, request)
	}
}

// exemplars checks that an exemplar of a histogram leads to a trace.
func exemplars(t *testing.T, d *testkit.Daemon, spans []*trace.Span) {
	t.Helper()
	shown := regexp.MustCompile(`oauth2d_http_request_duration_seconds_bucket\{.*route="/introspect".*# \{trace_id="([0-9a-f]+)"\}`)
	found := shown.FindStringSubmatch(scraped(t, d, "application/openmetrics-text"))
	if len(found) < 2 || hex.EncodeToString(named(spans, "POST /introspect").TraceId) != found[1] {
		t.Errorf("no exemplar of the introspection: %v", found)
	}
}

// A collector that does not answer causes a warning, and does not affect answers to callers.
func TestTheCollectorIsAway(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) {
		c.Tracing = config.Tracing{Endpoint: "http://127.0.0.1:1", SampleOneIn: 1}
	})
	if answer := d.Demo().Token(t, url.Values{"grant_type": {"client_credentials"}}); answer.Status != http.StatusOK {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}
