package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/endpoint"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
	"github.com/recipe-web-app/oauth2d/internal/metric"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// named answers with its name, so that a test sees which route served a request.
func named(name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return web.ReadError(err)
		}
		web.Bytes(w, "text/plain", []byte(name))
		return nil
	}
}

func plumbing() (Plumbing, *bytes.Buffer) {
	var log bytes.Buffer
	lines := logbuffer.New(&log, logbuffer.Options{}) // of both logs, as in the daemon: requests are answered at the same time
	logger := slog.New(slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return Plumbing{
		Log: logger, Requests: &web.RequestLog{Lines: lines, Level: slog.LevelDebug, OneIn: 1},
		Metrics: metric.New("test", oauth.Supported{}), Now: func() time.Time { return time.Unix(0, 0) }, Timeout: time.Minute,
		Errors: &web.Errors{Log: logger, Page: func(w http.ResponseWriter, _ *http.Request, status int, e *oauth.Error, _ string) {
			web.HTML(w, status, []byte("page "+string(e.Code)))
		}},
	}, &log
}

func public(t testing.TB, issuer, prefix string) http.Handler {
	t.Helper()
	p, _ := plumbing()
	h, err := Public{
		Plumbing: p, Issuer: issuer, EndpointPrefix: prefix,
		Authorize: named("authorize"), Token: named("token"), Revoke: named("revoke"), Introspect: named("introspect"),
		UserInfo: named("userinfo"), Metadata: named("metadata"), JWKS: named("jwks"),
		Login: named("login"), Consent: named("consent"), Account: named("account"), Logout: named("logout"), Static: named("static"),
		Health: &endpoint.Health{Probe: func(context.Context) []endpoint.Condition { return nil }},
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, target, http.NoBody)
	if header != nil {
		r.Header = header
	}
	h.ServeHTTP(w, r)
	return w
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		issuer, prefix string
		led            map[string]string // method and path -> name of the route
	}{
		{"https://as.example", "", map[string]string{
			"POST /token": "token", "POST /revoke": "revoke", "POST /introspect": "introspect",
			"GET /authorize": "authorize", "POST /authorize": "authorize", "GET /userinfo": "userinfo", "POST /userinfo": "userinfo",
			"GET /.well-known/oauth-authorization-server": "metadata", "GET /.well-known/openid-configuration": "metadata",
			"GET /.well-known/jwks.json": "jwks", "GET /login": "login", "POST /login": "login", "GET /consent": "consent",
			"POST /consent": "consent", "GET /logout": "logout", "POST /logout": "logout", "GET /account": "account",
			"GET /static/style.css": "static", "GET /health": "ready", "GET /health/ready": "ready", "GET /health/live": `"ok"`,
		}},
		{"https://as.example/api/v1/auth", "/oauth2", map[string]string{
			"POST /api/v1/auth/oauth2/token": "token", "POST /api/v1/auth/oauth2/introspect": "introspect",
			"POST /api/v1/auth/oauth2/revoke": "revoke", "GET /api/v1/auth/oauth2/authorize": "authorize",
			"GET /api/v1/auth/oauth2/userinfo":                        "userinfo",
			"GET /.well-known/oauth-authorization-server/api/v1/auth": "metadata",
			"GET /.well-known/openid-configuration/api/v1/auth":       "metadata",
			"GET /api/v1/auth/.well-known/oauth-authorization-server": "metadata",
			"GET /api/v1/auth/.well-known/openid-configuration":       "metadata",
			"GET /api/v1/auth/.well-known/jwks.json":                  "jwks",
			"GET /api/v1/auth/login":                                  "login",
			"GET /api/v1/auth/health":                                 "ready",
			"GET /api/v1/auth/health/ready":                           "ready",
			"GET /api/v1/auth/health/live":                            `"ok"`,
		}},
	} {
		h := public(t, c.issuer, c.prefix)
		for route, want := range c.led {
			method, path, _ := strings.Cut(route, " ")
			if w := ask(h, method, path, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s %s: %d %s, want %s", c.issuer, route, w.Code, w.Body, want)
			}
		}
	}
}

func TestWrongMethodsAre405WithAllow(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example", "")
	for route, allow := range map[string]string{
		"GET /token": "POST, OPTIONS", "DELETE /token": "POST, OPTIONS", "PUT /revoke": "POST, OPTIONS", "GET /introspect": "POST, OPTIONS",
		"HEAD /authorize": "GET, POST", "PUT /authorize": "GET, POST", "OPTIONS /login": "GET, HEAD, POST",
		"POST /.well-known/jwks.json": "GET, HEAD, OPTIONS", "POST /health": "GET, HEAD", "BREW /token": "POST, OPTIONS", "TRACE /token": "POST, OPTIONS",
	} {
		t.Run(route, func(t *testing.T) {
			method, path, _ := strings.Cut(route, " ")
			w := ask(h, method, path, nil)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allow {
				t.Errorf("%s: %d, Allow %q, want %q", route, w.Code, w.Header().Get("Allow"), allow)
			}
		})
	}
}

func TestT19_MethodOverridesAreIgnored(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example", "")
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		t.Run(name, func(t *testing.T) {
			if w := ask(h, "POST", "/token?_method=DELETE", http.Header{name: {"DELETE"}}); w.Code != http.StatusOK || w.Body.String() != "token" {
				t.Errorf("%s: %d", name, w.Code)
			}
			if w := ask(h, "GET", "/token?_method=POST", http.Header{name: {"POST"}}); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", name, w.Code)
			}
		})
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(public(t, "https://as.example", ""))
	defer srv.Close()
	for _, path := range []string{"/health", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/login"} {
		t.Run(path, func(t *testing.T) {
			res, err := http.Head(srv.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || len(body) != 0 || res.ContentLength < 1 {
				t.Errorf("%s: %d, %d bytes of %d", path, res.StatusCode, len(body), res.ContentLength)
			}
		})
	}
}

func TestW16_RoutesForOtherOrigins(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example", "")
	for path, want := range map[string]string{
		"/token": "*", "/revoke": "*", "/introspect": "*", "/userinfo": "*", "/.well-known/jwks.json": "*",
		"/.well-known/openid-configuration": "*", "/.well-known/oauth-authorization-server": "*",
		"/authorize": "", "/login": "", "/consent": "", "/account": "", "/logout": "", "/health": "", "/nowhere": "",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			t.Run(method+" "+path, func(t *testing.T) {
				w := ask(h, method, path, http.Header{"Origin": {"https://evil"}})
				if w.Code == http.StatusMethodNotAllowed || w.Code == http.StatusNotFound {
					return
				}
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Header().Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s %s: %q, want %q", method, path, got, want)
				}
			})
		}
	}
}

// preflight applies the CORS check of the Fetch standard to the headers of a script's request without credentials of
// the browser.
func preflight(answer http.Header, wanted string) bool {
	allowed := strings.Split(strings.ToLower(strings.ReplaceAll(answer.Get("Access-Control-Allow-Headers"), " ", "")), ",")
	for name := range strings.SplitSeq(wanted, ",") {
		byWildcard := slices.Contains(allowed, "*") && name != "authorization" // the wildcard does not cover it
		if !byWildcard && !slices.Contains(allowed, name) {
			return false
		}
	}
	return answer.Get("Access-Control-Allow-Origin") == "*" && answer.Get("Access-Control-Allow-Credentials") == ""
}

func TestF_P07_PreflightsPermitAnyHeader(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example", "")
	for _, path := range []string{
		"/token", "/revoke", "/introspect", "/userinfo", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
	} {
		for _, wanted := range []string{
			"authorization,content-type", "traceparent", "baggage,sentry-trace", "x-requested-with", "authorization,cache-control,content-type,traceparent",
			"x-" + strings.Repeat("a", 3000),
		} {
			w := ask(h, "OPTIONS", path, http.Header{"Origin": {"https://app"}, "Access-Control-Request-Headers": {wanted}})
			if w.Code != http.StatusNoContent || !preflight(w.Header(), wanted) {
				t.Errorf("%s, %.60s: %d %v", path, wanted, w.Code, w.Header())
			}
			literal := strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), wanted) // for browsers that do not know the wildcard
			if short := len(wanted) < 1000; literal != short {
				t.Errorf("%s, %.60s: %s", path, wanted, w.Header().Get("Access-Control-Allow-Headers"))
			}
		}
		w := ask(h, "OPTIONS", path, http.Header{"Access-Control-Request-Headers": {"x;\"<script>"}})
		if got := w.Header().Get("Access-Control-Allow-Headers"); strings.Contains(got, "script") {
			t.Errorf("%s repeats %s", path, got)
		}
	}
	if got := ask(h, "OPTIONS", "/authorize", http.Header{"Access-Control-Request-Headers": {"traceparent"}}).Header(); got.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("/authorize: %v", got)
	}
}

func TestW01_PagesTakeNoFormsFromElsewhere(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example/auth", "")
	for path, want := range map[string]int{"/auth/login": 403, "/auth/consent": 403, "/auth/logout": 403, "/auth/account": 403, "/auth/authorize": 200, "/auth/token": 200} {
		t.Run(path, func(t *testing.T) {
			if w := ask(h, "POST", path, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil"}}); w.Code != want {
				t.Errorf("%s: %d, want %d", path, w.Code, want)
			}
		})
	}
	own := http.Header{"Origin": {"https://as.example"}}
	if w := ask(h, "POST", "/auth/login", own); w.Code != http.StatusOK {
		t.Errorf("our own form, with a Host that a proxy changed: %d", w.Code)
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	t.Parallel()
	h := public(t, "https://as.example", "")
	for _, path := range []string{"/token", "/login", "/health", "/nowhere", "/authorize"} {
		got := ask(h, "GET", path, nil).Header()
		for _, name := range []string{"X-Request-Id", "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Strict-Transport-Security", "Cache-Control"} {
			if got.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
	if got := ask(public(t, "http://127.0.0.1:8080", ""), "GET", "/login", nil).Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS over plain HTTP: %s", got)
	}
}

func TestErrorsFollowTheKindOfRoute(t *testing.T) {
	t.Parallel()
	p, _ := plumbing()
	broken := func(http.ResponseWriter, *http.Request) error { return oauth.Refuse(oauth.InvalidToken, "", nil) }
	panics := func(http.ResponseWriter, *http.Request) error { panic("broken") }
	h, err := Public{
		Plumbing: p, Issuer: "https://as", Token: broken, UserInfo: broken, Login: broken, Authorize: panics, Revoke: panics, Health: &endpoint.Health{},
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	for route, want := range map[string]string{
		"POST /token":    "401 application/json",
		"GET /userinfo":  "401 application/json Bearer",
		"GET /login":     "400 text/html; charset=utf-8",
		"GET /authorize": "500 text/html; charset=utf-8",
		"POST /revoke":   "500 application/json",
		"GET /nowhere":   "404 application/json",
		"GET /metrics":   "404 application/json",
		"GET /consent":   "404 application/json",
	} {
		method, path, _ := strings.Cut(route, " ")
		w := ask(h, method, path, nil)
		scheme, _, _ := strings.Cut(w.Header().Get("WWW-Authenticate"), " ")
		got := strings.TrimSpace(w.Result().Status[:3] + " " + w.Header().Get("Content-Type") + " " + scheme)
		if got != want {
			t.Errorf("%s: %s, want %s", route, got, want)
		}
	}
}

func TestIssuersThatCannotBeServed(t *testing.T) {
	t.Parallel()
	p, _ := plumbing()
	for _, c := range [][2]string{{"", ""}, {"https://", ""}, {"https://as/", ""}, {"https://as/a/", ""}, {"https://as/{x}", ""}, {"https://as?x=1", ""}, {"https://as", "oauth2"}, {"https://as", "/oauth2/"}, {"https://as", "/*"}} {
		if _, err := (Public{Plumbing: p, Issuer: c[0], EndpointPrefix: c[1], Health: &endpoint.Health{}}).Handler(); err == nil {
			t.Errorf("%q with the prefix %q was taken", c[0], c[1])
		}
	}
}

func TestAdminRoutes(t *testing.T) {
	t.Parallel()
	p, log := plumbing()
	h := Admin{
		Plumbing: p, Scrape: named("metrics"),
		Health: &endpoint.Health{Probe: func(context.Context) []endpoint.Condition {
			return []endpoint.Condition{{Part: "redis", State: endpoint.StateDown}}
		}},
	}.Handler()
	for path, want := range map[string]int{
		"/health": 503, "/health/ready": 503, "/readyz": 503, "/healthz": 503, "/health/live": 200, "/livez": 200, "/metrics": 200, "/token": 404,
	} {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Host = "127.0.0.1:9090"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := ask(h, "GET", "http://evil.example/metrics", nil); w.Code != http.StatusForbidden { // W19
		t.Errorf("a rebound name: %d", w.Code)
	}
	if strings.Contains(log.String(), `"route":"/livez","status":200`) && !strings.Contains(log.String(), `"level":"DEBUG","msg":"request","method":"GET","route":"/livez"`) {
		t.Errorf("probes fill the log: %s", log)
	}
}
