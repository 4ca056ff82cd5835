package endpoint_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// replicas are two daemons on one real Redis, behind a proxy that forwards the caller's address.
func replicas(t *testing.T, limits func(*config.Limits)) [2]*testkit.Daemon {
	t.Helper()
	server := redistest.Start(t)
	start := func() *testkit.Daemon {
		d := testkit.Start(t, testkit.Redis(server.Addr), func(c *config.Config) {
			c.Issuer = "http://localhost" // replicas have one issuer
			c.Server.TrustedProxies = []string{"127.0.0.1"}
			if limits != nil {
				limits(&c.Limits)
			}
		})
		d.Base = "http://" + d.App.Addr()
		return d
	}
	return [2]*testkit.Daemon{start(), start()}
}

// crowdAt sends requests to both daemons at the same time and counts the answers by status.
func crowdAt(t *testing.T, daemons [2]*testkit.Daemon, n int, ask func(d *testkit.Daemon, i int) testkit.Answer) map[int]int {
	t.Helper()
	var next atomic.Int64
	statuses := map[int]int{}
	for _, a := range parallel(n, func() testkit.Answer {
		i := int(next.Add(1))
		return ask(daemons[i%2], i)
	}) {
		statuses[a.Status]++
		if a.Status == http.StatusTooManyRequests {
			limited(t, a)
		}
	}
	return statuses
}

// limited checks what every 429 says.
func limited(t *testing.T, a testkit.Answer) {
	t.Helper()
	rule, _, _ := strings.Cut(a.Header.Get("RateLimit"), ";")
	if a.Text("error") != "slow_down" || a.Header.Get("Retry-After") == "" || a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("RateLimit") != rule+";r=0;t="+a.Header.Get("Retry-After") ||
		!strings.HasPrefix(a.Header.Get("RateLimit-Policy"), rule+";q=") || !strings.HasPrefix(rule, `"`) {
		t.Errorf("429 %s %v", a.Raw, a.Header)
	}
}

// try sends a token request with some secret, from an address.
func try(t *testing.T, d *testkit.Daemon, ip, id, secret string) testkit.Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Base+"/token", strings.NewReader(credentialsForm().Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Forwarded-For", ip)
	request.SetBasicAuth(id, secret)
	return testkit.Do(t, request)
}

// want compares the answers of a crowd.
func want(t *testing.T, what string, got map[int]int, expected map[int]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Errorf("%s: %v, want %v", what, got, expected)
	}
}

func TestT06_WrongSecretsSpendExactlyTheBudget(t *testing.T) {
	t.Parallel()
	daemons := replicas(t, nil)
	if a := try(t, daemons[0], "192.0.2.1", "demo", "demo-secret"); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	for _, id := range []string{"demo", "nobody"} {
		t.Run(id, func(t *testing.T) { // T07: known and unknown clients are locked alike
			want(t, id, crowdAt(t, daemons, 200, func(d *testkit.Daemon, i int) testkit.Answer {
				return try(t, d, "192.0.2.1", id, fmt.Sprint("guess ", i))
			}), map[int]int{401: 30, 429: 170})
		})
	}
	if a := try(t, daemons[1], "192.0.2.1", "demo", "demo-secret"); a.Status != http.StatusTooManyRequests {
		t.Errorf("a service that was not right before, at the locked address: %d", a.Status) // before it is right elsewhere
	}
	for name, c := range map[string]struct {
		daemon     int
		ip, id     string
		secret     string
		wantStatus int
	}{
		"a service that was right before": {0, "192.0.2.1", "demo", "demo-secret", 200},
		"another client there":            {1, "192.0.2.1", "demo-admin", "demo-admin-secret", 200},
		"the same client elsewhere":       {1, "192.0.2.2", "demo", "demo-secret", 200},
		"a guess that is right at last":   {0, "192.0.2.1", "demo", "guess 1", 429},
	} {
		t.Run(name, func(t *testing.T) {
			if a := try(t, daemons[c.daemon], c.ip, c.id, c.secret); a.Status != c.wantStatus {
				t.Errorf("%s: %d, want %d", name, a.Status, c.wantStatus)
			}
		})
	}
	for _, d := range daemons {
		d.Clock.Advance(5*time.Minute + time.Second)
	}
	if a := try(t, daemons[1], "192.0.2.1", "demo", "guess"); a.Status != http.StatusUnauthorized {
		t.Errorf("after the lock: %d", a.Status)
	}
}

func TestT06_AnAddressThatTriesManyClients(t *testing.T) {
	t.Parallel()
	daemons := replicas(t, func(l *config.Limits) { l.ClientFailuresIP = "60/5m" })
	ask := func(prefix string) func(d *testkit.Daemon, i int) testkit.Answer {
		return func(d *testkit.Daemon, i int) testkit.Answer {
			return try(t, d, prefix+fmt.Sprint(i), fmt.Sprint("client-", i), "guess")
		}
	}
	// The addresses of one /64 are one caller.
	want(t, "many clients", crowdAt(t, daemons, 200, ask("2001:db8::")), map[int]int{401: 60, 429: 140})
	want(t, "from another network", crowdAt(t, daemons, 20, ask("2001:db8:0:1::")), map[int]int{401: 20})
}

func TestV03_ScanningForTokens(t *testing.T) {
	t.Parallel()
	daemons := replicas(t, func(l *config.Limits) { l.Introspect = "50/1h" })
	token := service(t, daemons[0].Demo())
	shapes := map[string]bool{}
	for _, odd := range []string{strings.Repeat("A", 38), strings.Repeat("B", 64), "x"} {
		shapes[daemons[0].Demo().Introspect(t, odd).Raw] = true
	}
	if len(shapes) != 1 {
		t.Errorf("tokens that do not exist are told apart: %v", shapes)
	}
	want(t, "scanning", crowdAt(t, daemons, 200, func(d *testkit.Daemon, i int) testkit.Answer {
		return d.Demo().Introspect(t, fmt.Sprintf("%038d", i))
	}), map[int]int{200: 47, 429: 153})
	other := daemons[1].Register(t, full("other", oauth.FormatOpaque))
	if a := other.Introspect(t, token); a.Status != http.StatusOK {
		t.Errorf("another caller: %d", a.Status)
	}
}

// H10: the grants and tokens of one client are bounded by its rate, and those of all by the memory of
// Redis. Whatever is full, what was there before survives and can still be ended.
func TestH10_WhatOneClientMayMake(t *testing.T) {
	t.Parallel()
	daemons := replicas(t, func(l *config.Limits) { l.Token = "40/1h" })
	token := service(t, daemons[0].Demo())
	want(t, "a client that asks for tokens", crowdAt(t, daemons, 200, func(d *testkit.Daemon, _ int) testkit.Answer {
		return d.Demo().Token(t, credentialsForm())
	}), map[int]int{200: 39, 429: 161})
	if !daemons[1].Demo().Active(t, token) {
		t.Error("a token that was there before is gone")
	}
	c := full("busy", oauth.FormatOpaque)
	c.RequestsPerMinute = 100
	busy := daemons[1].Register(t, c)
	passed := 0
	for range 60 {
		if busy.Token(t, credentialsForm()).Status == http.StatusOK {
			passed++
		}
	}
	if passed != 60 {
		t.Errorf("a client with a limit of its own got %d of 60", passed)
	}
}

func TestH10_WhatAllClientsTogetherMayMake(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := testkit.Start(t, testkit.Redis(server.Addr))
	party := d.Demo()
	login := party.Login(t, testkit.NewPerson(t))
	used, _ := strings.CutPrefix(strings.TrimSpace(infoOf(t, server, "used_memory:")), "used_memory:")
	var bytes int
	if _, err := fmt.Sscan(used, &bytes); err != nil {
		t.Fatal(err)
	}
	server.Do(t, "config", "set", "maxmemory", fmt.Sprint(bytes+200_000))
	full := testkit.Answer{}
	for range 5000 {
		if full = party.Token(t, credentialsForm()); full.Status != http.StatusOK {
			break
		}
	}
	if full.Status != http.StatusServiceUnavailable || full.Header.Get("Retry-After") == "" {
		t.Fatalf("a full Redis: %d %s", full.Status, full.Raw)
	}
	access := login.Text("access_token")
	if !party.Active(t, access) {
		t.Error("a token that was there before is gone")
	}
	if a := party.Revoke(t, access); a.Status != http.StatusOK || party.Active(t, access) {
		t.Errorf("a token cannot be revoked: %d", a.Status)
	}
	server.Do(t, "config", "set", "maxmemory", "0")
	if a := party.Refresh(t, login.Text("refresh_token")); a.Status != http.StatusOK {
		t.Errorf("a grant that was there before: %d %s", a.Status, a.Raw)
	}
}

func infoOf(t *testing.T, server *redistest.Server, prefix string) string {
	t.Helper()
	for line := range strings.Lines(fmt.Sprint(server.Do(t, "info", "memory"))) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	t.Fatalf("no %s in INFO", prefix)
	return ""
}

// A limit by address answers before anything is read, and a script of a browser may read why.
func TestLimitsByAddress(t *testing.T) {
	t.Parallel()
	daemons := replicas(t, func(l *config.Limits) { l.TokenIP, l.AuthorizeIP, l.LoginIP = "30/1h", "20/1h", "10/1h" })
	want(t, "/token", crowdAt(t, daemons, 100, func(d *testkit.Daemon, _ int) testkit.Answer {
		a := raw(t, d.Base+"/token", "", "", url.Values{"grant_type": {"x"}})
		if !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "RateLimit") {
			t.Errorf("%v", a.Header)
		}
		return a
	}), map[int]int{401: 30, 429: 70})
	for path, limit := range map[string]int{"/authorize": 20, "/login": 10} {
		shown := 0
		for i := range 40 {
			page := testkit.NewPerson(t).Get(t, daemons[i%2].Base+path)
			if page.Status != http.StatusTooManyRequests {
				shown++
			} else if page.Header.Get("Retry-After") == "" || !strings.Contains(page.Body, "Too many tries") {
				t.Errorf("%s: %v %s", path, page.Header, testkit.Text(page.Body))
			}
		}
		if shown != limit {
			t.Errorf("%s was shown %d times, want %d", path, shown, limit)
		}
	}
	if a := daemons[0].Get(t, "/.well-known/jwks.json"); a.Status != http.StatusOK {
		t.Errorf("the keys: %d", a.Status)
	}
}

// On the way that every request goes, limits cost no round trip.
func TestLimitsAskNobodyOnTheHotPath(t *testing.T) {
	t.Parallel()
	d := testkit.Start(t, func(c *config.Config) { c.Limits.Token, c.Limits.Introspect = "100000/1m", "100000/1m" })
	party := d.Demo()
	token := service(t, party)
	party.Active(t, token)
	asked := d.Asked(t, func() {
		for range 300 {
			service(t, party)
			party.Active(t, token)
		}
	})
	limits := 0
	for verb, n := range asked {
		if strings.HasPrefix(verb, "limits.") {
			limits += n
		}
	}
	if limits > 60 {
		t.Errorf("600 requests asked about limits %d times: %v", limits, asked)
	}
}

// S27: no page is without a rate, also one that is added later and is not named here.
func TestF_S27_EveryPageHasARate(t *testing.T) {
	t.Parallel()
	for rule, pages := range map[string][]string{
		"login_ip": {"/login", "/password"}, "pages_ip": {"/", "/consent", "/account", "/logout"}, "authorize_ip": {"/authorize"},
	} {
		d := testkit.Start(t, func(c *config.Config) {
			c.Limits.LoginIP, c.Limits.PagesIP, c.Limits.AuthorizeIP = "3/1h", "5/1h", "2/1h"
		})
		for _, path := range pages {
			var last testkit.Answer
			for range 6 {
				last = d.Get(t, path)
			}
			if last.Status != http.StatusTooManyRequests || !strings.Contains(last.Header.Get("RateLimit-Policy"), rule) || last.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %q", path, last.Status, last.Header.Get("RateLimit-Policy"))
			}
		}
		if a := d.Get(t, "/health"); a.Status != http.StatusOK {
			t.Errorf("/health: %d", a.Status)
		}
	}
}
