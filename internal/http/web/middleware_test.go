package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { web.Bytes(w, "text/plain", []byte("ok")) })

// serve sends a request through Frame and h.
func serve(h http.Handler, r *http.Request) *http.Response {
	return serveFramed(h, r, web.FrameOptions{})
}

func serveFramed(h http.Handler, r *http.Request, o web.FrameOptions) *http.Response {
	if o.Metrics == nil {
		o.Metrics = metric.New("test", oauth.Supported{})
	}
	if o.Now == nil {
		o.Now = clock()
	}
	w := httptest.NewRecorder()
	web.Frame(o)(h).ServeHTTP(w, r)
	return w.Result()
}

func proxies(t *testing.T, header web.ForwardHeader, networks ...string) web.Proxies {
	t.Helper()
	p, err := web.NewProxies(header, networks)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote string
		header       web.ForwardHeader
		trusted      []string
		sent         http.Header
		want         string
	}{
		{"a stranger's word does not count", "203.0.113.9:1", "", nil, http.Header{"X-Forwarded-For": {"1.2.3.4"}}, "203.0.113.9"},
		{"a listed proxy's does", "10.0.0.1:1", "", []string{"10.0.0.0/8"}, http.Header{"X-Forwarded-For": {"1.2.3.4"}}, "1.2.3.4"},
		{"only the last hop was seen by the proxy", "10.0.0.1:1", "", []string{"10.0.0.0/8"}, http.Header{"X-Forwarded-For": {"6.6.6.6, 1.2.3.4"}}, "1.2.3.4"},
		{"two listed proxies", "10.0.0.1:1", "", []string{"10.0.0.0/8"}, http.Header{"X-Forwarded-For": {"6.6.6.6, 1.2.3.4, 10.0.0.2"}}, "1.2.3.4"},
		{"a second header line counts as more hops", "10.0.0.1:1", "", []string{"10.0.0.1"}, http.Header{"X-Forwarded-For": {"6.6.6.6", "1.2.3.4"}}, "1.2.3.4"},
		{"rubbish stops the walk", "10.0.0.1:1", "", []string{"10.0.0.1"}, http.Header{"X-Forwarded-For": {"1.2.3.4, unknown"}}, "10.0.0.1"},
		{"the other header is the caller's", "10.0.0.1:1", "", []string{"10.0.0.1"}, http.Header{"Forwarded": {"for=6.6.6.6"}}, "10.0.0.1"},
		{"Forwarded when it was chosen", "10.0.0.1:1", web.Forwarded, []string{"10.0.0.1"}, http.Header{"Forwarded": {`for=6.6.6.6, proto=https;For="[2001:db8::1]:99"`}, "X-Forwarded-For": {"6.6.6.6"}}, "2001:db8::1"},
		{"IPv6 peer", "[2001:db8::7]:443", "", nil, nil, "2001:db8::7"},
		{"mapped IPv4 is the same host", "[::ffff:10.0.0.1]:443", "", []string{"10.0.0.1"}, http.Header{"X-Forwarded-For": {"1.2.3.4"}}, "1.2.3.4"},
		{"no address at all", "@", "", []string{"10.0.0.1"}, nil, ""},
	} {
		var got event.Origin
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = event.OriginOf(r.Context())
			for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-HTTP-Method-Override"} {
				if r.Header.Get(name) != "" {
					t.Errorf("%s: %s came through", c.name, name)
				}
			}
		})
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.remote
		for name, all := range c.sent {
			r.Header[name] = all
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-HTTP-Method-Override", "DELETE")
		r.Header.Set("User-Agent", strings.Repeat("u ", 5_000))
		serveFramed(h, r, web.FrameOptions{Proxies: proxies(t, c.header, c.trusted...)})
		if got.IP != c.want || len(got.UserAgent) != 256 {
			t.Errorf("%s: %q (user agent of %d), want %q", c.name, got.IP, len(got.UserAgent), c.want)
		}
	}
}

func TestNewProxiesRefusesMalformedNetworks(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"proxy.example", "10.0.0.0/99", ""} {
		if _, err := web.NewProxies("", []string{network}); err == nil {
			t.Errorf("%q was taken", network)
		}
	}
	if _, err := web.NewProxies("X-Real-Ip", nil); err == nil {
		t.Error("any header was taken")
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		remote, sent string
		kept         bool
	}{
		{"10.0.0.1:1", "trace-0123.4567", true},
		{"10.0.0.1:1", "short", false},
		{"10.0.0.1:1", "with a space and \" quote", false},
		{"10.0.0.1:1", strings.Repeat("a", 65), false},
		{"203.0.113.9:1", "trace-0123.4567", false},
		{"203.0.113.9:1", "", false},
	} {
		var got string
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = event.OriginOf(r.Context()).RequestID
		})
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Request-Id", c.sent)
		res := serveFramed(h, r, web.FrameOptions{Proxies: proxies(t, "", "10.0.0.1")})
		if (got == c.sent) != c.kept || len(got) < 8 || res.Header.Get("X-Request-Id") != got {
			t.Errorf("%s sent %q: %q, answered %q", c.remote, c.sent, got, res.Header.Get("X-Request-Id"))
		}
	}
}

func TestH01_BodiesAreBounded(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	reading := web.Handle(errs.API, func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return web.ReadError(err)
		}
		return web.JSON(w, "read")
	})
	h := web.BodyLimit(web.MaxBody, errs.API)(reading)
	announced := httptest.NewRequest(http.MethodPost, "/token", http.NoBody)
	announced.ContentLength = 9e18
	unread := httptest.NewRequest(http.MethodPost, "/token", endless{})
	unread.ContentLength = -1
	exact := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(strings.Repeat("a", web.MaxBody)))
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{"announced": {announced, 413}, "endless chunks": {unread, 413}, "exactly the limit": {exact, 200}} {
		t.Run(name, func(t *testing.T) {
			res := serve(h, c.r)
			if res.StatusCode != c.want || (c.want == 413) != (res.Header.Get("Connection") == "close") {
				t.Errorf("%s: %d, Connection %q", name, res.StatusCode, res.Header.Get("Connection"))
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestReadErrorOfABrokenBody(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	if res := answer(errs.API, httptest.NewRequest(http.MethodPost, "/", http.NoBody), web.ReadError(io.ErrUnexpectedEOF)); res.StatusCode != http.StatusBadRequest {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestW15_APanicShowsNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-the-request"
	for name, thrown := range map[string]any{"text": secret, "error": errors.New(secret), "struct": struct{ S string }{secret}} {
		t.Run(name, func(t *testing.T) {
			errs, log := newErrors()
			h := web.Recover(errs.Log, errs.API)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(thrown) }))
			res := serve(h, httptest.NewRequest(http.MethodPost, "/token?code="+secret, http.NoBody))
			if body := text(t, res); res.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "server_error") || strings.Contains(body+log.String(), secret) {
				t.Errorf("%s: %d %s\n%s", name, res.StatusCode, body, log)
			}
			if !strings.Contains(log.String(), "middleware_test.go") {
				t.Errorf("%s: no stack in %s", name, log)
			}
		})
	}
}

func TestRecoverAfterAnAnswerBeganAborts(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	h := web.Recover(errs.Log, errs.API)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("later")
	}))
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Error("the connection was not aborted")
		}
	}()
	serve(h, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
}

func TestRecoverNamesRuntimeErrors(t *testing.T) {
	t.Parallel()
	errs, log := newErrors()
	var none map[string]int
	serve(web.Recover(errs.Log, errs.API)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { none["a"] = 1 })), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if !strings.Contains(log.String(), "nil map") {
		t.Error(log)
	}
}

// clock advances 5 ms at each call.
func clock() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time { now = now.Add(5 * time.Millisecond); return now }
}

func TestW15_TheAccessLogHoldsThePatternOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	routes := chi.NewRouter()
	frame := web.FrameOptions{Log: requestLog(&log, 1), Quiet: []string{"/health"}}
	routes.Get("/things/{id}", ok)
	routes.Get("/health", ok)
	serveFramed(routes, httptest.NewRequest(http.MethodGet, "/health", http.NoBody), frame)
	if log.Len() != 0 {
		t.Errorf("a probe was logged: %s", &log)
	}
	r := httptest.NewRequest(http.MethodGet, "/things/s3cr3t?code=s3cr3t", http.NoBody)
	r.Header.Set("Authorization", "Bearer s3cr3t")
	serveFramed(routes, r, frame)
	serveFramed(routes, httptest.NewRequest("S3CR3T", "/s3cr3t", http.NoBody), frame)
	for _, want := range []string{`"route":"/things/{id}"`, `"method":"GET"`, `"status":200`, `"bytes":2`, `"ms":5`, `"ip":"192.0.2.1"`, `"request_id":"`, `"route":"unmatched"`, `"method":"other"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is missing in %s", want, &log)
		}
	}
	if strings.Contains(strings.ToLower(log.String()), "s3cr3t") {
		t.Errorf("the log contains a secret: %s", &log)
	}
}

func TestInstrument(t *testing.T) {
	t.Parallel()
	m := metric.New("test", oauth.Supported{})
	routes := chi.NewRouter()
	frame := web.FrameOptions{Metrics: m}
	routes.Get("/things/{id}", ok)
	serveFramed(routes, httptest.NewRequest(http.MethodGet, "/things/1", http.NoBody), frame)
	serveFramed(routes, httptest.NewRequest(http.MethodGet, "/things/2", http.NoBody), frame)
	serveFramed(routes, httptest.NewRequest(http.MethodGet, "/nothing", http.NoBody), frame)
	var got strings.Builder
	if err := m.Write(&got, metric.Text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`oauth2d_http_requests_total{method="GET",route="/things/{id}",status="2xx"} 2`,
		`oauth2d_http_requests_total{method="GET",route="unmatched",status="4xx"} 1`,
		`oauth2d_http_request_duration_seconds_sum{method="GET",route="/things/{id}"} 0.01`,
		`oauth2d_http_requests_in_flight 0`,
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%s is missing in %s", want, &got)
		}
	}
}

func TestW02_W14_HeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	h := serveFramed(ok, httptest.NewRequest(http.MethodGet, "/", http.NoBody), web.FrameOptions{HTTPS: true}).Header
	for name, want := range map[string]string{
		"Content-Security-Policy":   "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"X-Frame-Options":           "DENY",
		"Referrer-Policy":           "no-referrer",
		"X-Content-Type-Options":    "nosniff",
		"Cache-Control":             "no-store",
		"Strict-Transport-Security": "max-age=31536000",
	} {
		t.Run(name, func(t *testing.T) {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		})
	}
	if got := serve(ok, httptest.NewRequest(http.MethodGet, "/", http.NoBody)).Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS over plain HTTP: %q", got)
	}
}

func TestW12_APolicyCannotBeExtendedByInput(t *testing.T) {
	t.Parallel()
	got := web.Policy{Style: true, Images: true, Script: true, Forms: []string{"'self'", "https://app.example", "x; script-src *", "a b", ""}}.String()
	const want = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self' https://app.example; base-uri 'none'; frame-ancestors 'none'"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w := httptest.NewRecorder()
	web.Policy{Style: true}.Set(w)
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "style-src 'self'") || strings.Contains(got, "unsafe") {
		t.Error(got)
	}
}

func TestW16_CORSWithoutCredentials(t *testing.T) {
	t.Parallel()
	h := web.CORS("POST, OPTIONS")(ok)
	for _, origin := range []string{"https://evil", "null", ""} {
		t.Run(origin, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/token", http.NoBody)
			r.Header.Set("Origin", origin)
			got := serve(h, r).Header
			if got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %v", origin, got)
			}
		})
	}
	res := serve(h, httptest.NewRequest(http.MethodOptions, "/token", http.NoBody))
	if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Methods") != "POST, OPTIONS" ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") || text(t, res) != "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestW19_OnlyAllowedHosts(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	h := web.Hosts([]string{"oauth2d.internal"}, errs.API)(ok)
	for host, want := range map[string]int{
		"127.0.0.1:9090": 200, "[::1]:9090": 200, "10.4.0.9": 200, "localhost": 200, "LOCALHOST:9090": 200,
		"oauth2d.internal:9090": 200, "oauth2d.internal.": 200,
		"evil.example": 403, "evil.example:9090": 403, "localhost.evil.example": 403, "": 403, "127.0.0.1.evil.example": 403,
	} {
		t.Run(host, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
			r.Host = host
			if got := serve(h, r).StatusCode; got != want {
				t.Errorf("Host %q: %d, want %d", host, got, want)
			}
		})
	}
}

func TestW01_FormsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	guard, err := web.SameOrigin("https://as.example", errs.Browser)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, site, origin string
		want                 int
	}{
		{"POST", "cross-site", "https://evil", 403},
		{"POST", "same-site", "https://other.example", 403},
		{"POST", "", "https://evil", 403},
		{"POST", "", "null", 200}, // P04: a browser without Fetch Metadata; the token in the form decides
		{"POST", "cross-site", "null", 403},
		{"POST", "same-site", "null", 403},
		{"POST", "same-origin", "null", 200},
		{"POST", "", "https://as.example", 200},
		{"POST", "none", "", 200},
		{"POST", "", "", 200}, // not a browser: the token in the form decides
		{"GET", "cross-site", "https://evil", 200},
	} {
		t.Run(fmt.Sprintf("%s %s from %s", c.method, c.site, c.origin), func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/login", http.NoBody)
			for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if got := serve(guard(ok), r).StatusCode; got != c.want {
				t.Errorf("%+v: %d", c, got)
			}
		})
	}
	if _, err := web.SameOrigin("https://as.example/path", errs.Browser); err == nil {
		t.Error("an origin with a path was taken")
	}
}

func TestNotFoundAndWrongMethod(t *testing.T) {
	t.Parallel()
	errs, _ := newErrors()
	routes := chi.NewRouter()
	routes.NotFound(web.NotFound(errs.API))
	routes.MethodNotAllowed(web.WrongMethod(routes, errs.API))
	routes.Method("POST", "/token", ok)
	routes.Method("OPTIONS", "/token", ok)
	if got := serve(routes, httptest.NewRequest(http.MethodGet, "/nothing", http.NoBody)).StatusCode; got != http.StatusNotFound {
		t.Errorf("%d", got)
	}
	for _, method := range []string{"GET", "DELETE", "BREW"} {
		res := serve(routes, httptest.NewRequest(method, "/token", http.NoBody))
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

func TestCacheable(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { web.Cacheable(w, 5*time.Minute) })
	got := serve(h, httptest.NewRequest(http.MethodGet, "/", http.NoBody)).Header
	if got.Get("Cache-Control") != "public, max-age=300" || got.Get("Pragma") != "" {
		t.Errorf("%v", got)
	}
}
