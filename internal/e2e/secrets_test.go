package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/oauth2"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// W15, S05, S14: no secret that was issued or typed is in the output of the daemon: log, metrics, crash dump, files of
// Redis.
func TestW15S05S14NoSecretIsLeftBehind(t *testing.T) {
	t.Parallel()
	const redisPassword = "the/password+of=Redis"
	// Without compression, so that a text in the file can be found.
	redis := redistest.Start(t, "appendonly yes", "appendfsync always", "rdbcompression no", "user default on >"+redisPassword+" ~* &* +@all")
	s := newSite(t, "", "", append(onRedis(redis), "OAUTH2D_REDIS_PASSWORD="+redisPassword)...)
	c := &collector{next: s.HTTP.Transport, secrets: map[string]string{}}
	s.HTTP.Transport = c
	c.note("master key", s.Key)
	c.note("Redis password", redisPassword)
	n := &noisy{kitchen: &kitchen{site: s, daemon: s.serve(t)}, c: c, redis: redis}
	n.prepare(t)
	n.right(t)
	n.mistakes(t)
	n.misplaced(t)
	scrape := n.web.get(t, n.daemon.Admin+"/metrics", "")
	if scrape.Status != http.StatusOK || !strings.Contains(scrape.Raw, "oauth2d_") {
		t.Errorf("metrics: %d", scrape.Status)
	}
	n.outage(t)

	n.daemon.signal(t, syscall.SIGQUIT) // a crash dump of all goroutines
	n.daemon.code(t)
	log := n.daemon.Log.String()
	if !strings.Contains(log, "goroutine ") || !strings.Contains(log, `"route":"/token"`) || !strings.Contains(log, `"code":"invalid_grant"`) {
		t.Error("the log is not all there")
	}
	left := map[string][]byte{
		"the log": []byte(log), "standard output": []byte(n.daemon.Out.String()), "the metrics": []byte(scrape.Raw), "the tools' messages": n.tools.Bytes(),
	}
	n.dump(t, left)
	for where, text := range left {
		for _, what := range c.found(text) {
			t.Errorf("in %s: %q", where, what)
		}
	}
	kinds := map[string]int{}
	for _, what := range c.secrets {
		kinds[what]++
	}
	t.Logf("%d secrets %v were looked for in %d places", len(c.secrets), kinds, len(left))
	for _, kind := range append(confidential, "cookie", "Bearer", "Basic", "client secret", "master key") {
		if kinds[kind] == 0 {
			t.Errorf("no %s was collected", kind)
		}
	}
	n.plant(t, left)
}

// noisy is a kitchen in which everything fails that can fail.
type noisy struct {
	*kitchen
	c     *collector
	redis *redistest.Server
	tools bytes.Buffer
	ada   *testkit.Person
}

// password has characters that are written differently in a form, a URL and a page.
const password = `Pässword & "quotes" <1+1=2> 100%`

// prepare registers clients and people. The standard output of the tools may contain secrets, for the operator; their
// standard error may not.
func (n *noisy) prepare(t *testing.T) {
	t.Helper()
	n.web, n.app = n.client(t, "planner", webApp...), n.client(t, "pocket", publicApp...)
	n.jwts = n.client(t, "press", append([]string{"--format", "jwt"}, webApp...)...)
	n.c.note("client secret", n.web.ClientSecret)
	n.c.note("client secret", n.jwts.ClientSecret)
	n.c.note("password", password)
	n.ada = n.user(t, "ada", password)
	chosen := "a-secret-that-somebody-chose"
	n.c.note("client secret", chosen)
	for _, args := range [][]string{
		append([]string{"client", "create", "imported", "--direct", "--secret-file", "-"}, service...),
		{"client", "show", "planner", "--direct", "-o", "json"},
		{"client", "create", "imported", "--direct", "--secret-file", "-", "--grant", "client_credentials"}, // it exists already
		{"key", "list", "--direct", "-o", "yaml"},
		{"key", "rotate", "--direct"},
		{"config", "print"},
	} {
		did := cli(t, n.env, chosen+"\n", args...)
		n.tools.WriteString(did.err + did.out)
	}
	imported := n.party("imported", chosen)
	if _, err := imported.service("read").Token(imported.ctx(t)); err != nil {
		t.Errorf("the client with a chosen secret: %v", err)
	}
}

// right runs every flow without mistakes.
func (n *noisy) right(t *testing.T) {
	t.Helper()
	for _, p := range []party{n.web, n.jwts, n.app} {
		token := refresh(t, p, p.login(t, n.ada, oauth2.SetAuthURLParam("nonce", "a-nonce")))
		n.web.active(t, token.AccessToken)
		n.web.get(t, n.Base+"/userinfo", token.AccessToken)
		p.post(t, "/revoke", url.Values{"token": {token.RefreshToken}})
	}
	if _, err := n.web.service("read").Token(n.web.ctx(t)); err != nil {
		t.Error(err)
	}
	n.web.login(t, n.ada, oauth2.SetAuthURLParam("response_mode", "query"))
	posted := n.ada.Authorize(t, n.web.request(testkit.Verifier, oauth2.SetAuthURLParam("response_mode", "form_post")))
	if posted.Status != http.StatusOK || !strings.Contains(posted.Body, `name="code"`) {
		t.Errorf("form_post: %d", posted.Status)
	}
}

// mistakes makes mistakes of every kind.
func (n *noisy) mistakes(t *testing.T) {
	t.Helper()
	other := n.person(t, "ada", "a password that is wrong")
	page := other.Follow(t, n.web.request(testkit.Verifier))
	page = other.Submit(t, page, map[string]string{"username": "ada", "password": other.Password})
	if page.Status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", page.Status)
	}
	other.Submit(t, page, map[string]string{"username": "nobody", "password": strings.Repeat("long-", 30)})
	other.Post(t, page, map[string]string{"username": "ada", "password": password, "csrf": "a-token-of-another-page"})

	code := n.app.authorize(t, n.ada, testkit.Verifier)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {"another-verifier-that-is-long-enough-for-the-rules"}}
	n.app.post(t, "/token", form)
	form.Set("code_verifier", testkit.Verifier)
	n.app.post(t, "/token", form)
	token := n.app.login(t, n.ada)
	renewed := refresh(t, n.app, refresh(t, n.app, token))
	n.app.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}) // reuse
	n.app.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.RefreshToken}})
	n.web.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.RefreshToken}}) // of another client
	n.jwts.post(t, "/revoke", url.Values{"token": {n.web.login(t, n.ada).AccessToken}})
	liar := n.web
	liar.ClientSecret = "a secret that is wrong"
	liar.post(t, "/introspect", url.Values{"token": {renewed.AccessToken}})
	liar.post(t, "/token", url.Values{"grant_type": {"client_credentials"}, "client_secret": {"in two places at once"}})
	for _, made := range []string{"a-token-that-was-made-up", strings.Repeat("A", 47), renewed.AccessToken + "x", "e30.e30." + strings.Repeat("A", 86)} {
		n.web.post(t, "/introspect", url.Values{"token": {made}})
		n.web.get(t, n.Base+"/userinfo", made)
		n.app.post(t, "/token", url.Values{"grant_type": {"authorization_code"}, "code": {made}, "code_verifier": {testkit.Verifier}})
	}
}

// misplaced sends secrets in the wrong places.
func (n *noisy) misplaced(t *testing.T) {
	t.Helper()
	token := n.web.login(t, n.ada)
	secrets := url.Values{"access_token": {token.AccessToken}, "refresh_token": {token.RefreshToken}, "code": {token.RefreshToken}, "client_secret": {n.web.ClientSecret}, "password": {password}}
	for _, path := range []string{"/token", "/introspect", "/revoke", "/userinfo", "/authorize", "/login", "/logout", "/consent", "/no/such/path", "/" + token.AccessToken, "/static/" + token.RefreshToken} {
		n.web.get(t, n.Base+path+"?"+secrets.Encode(), "")
		n.web.post(t, path+"?"+secrets.Encode(), url.Values{"token": {token.AccessToken}})
	}
	who := n.person(t, password, password) // the password typed into the wrong field
	who.Submit(t, who.Follow(t, n.web.request(testkit.Verifier)), map[string]string{"username": password, "password": password})
	// Not the nonce: the ID token repeats it, so it is stored.
	for _, name := range []string{"client_id", "grant_type", "scope", "state", "redirect_uri", "resource", "prompt", "login_hint", "code_challenge", "response_type"} {
		form := url.Values{"grant_type": {"client_credentials"}}
		form.Set(name, token.RefreshToken)
		n.web.post(t, "/token", form)
		n.ada.Get(t, n.web.request(testkit.Verifier, oauth2.SetAuthURLParam(name, token.RefreshToken)))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.Base+"/userinfo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"Authorization", "User-Agent", "Referer", "X-Forwarded-For", "Forwarded", "Cookie", "Origin", "Accept-Language", "X-Request-Id"} {
		request.Header.Set(header, "https://client.example/callback?code="+token.RefreshToken)
		send(t, n.HTTP, request)
	}
}

// outage makes the daemon log requests that Redis did not answer.
func (n *noisy) outage(t *testing.T) {
	t.Helper()
	token, code := n.app.login(t, n.ada), n.web.authorize(t, n.ada, testkit.Verifier)
	page := n.ada.Get(t, n.Issuer+"/logout")
	n.redis.Kill()
	n.web.post(t, "/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {testkit.Verifier}})
	n.app.post(t, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	away := n.web.post(t, "/introspect", url.Values{"token": {token.AccessToken}})
	n.web.post(t, "/revoke", url.Values{"token": {token.AccessToken}})
	n.ada.Get(t, n.web.request(testkit.Verifier))
	n.ada.Post(t, page, nil)
	if away.Status != http.StatusServiceUnavailable {
		t.Errorf("without Redis: %d %s", away.Status, away.Raw)
	}
	n.redis.Restart(t)
	redistest.Eventually(t, patience, "Redis is back", func() bool {
		return n.web.post(t, "/introspect", url.Values{"token": {token.AccessToken}}).Status == http.StatusOK
	})
}

// dump reads all files that Redis wrote.
func (n *noisy) dump(t *testing.T, into map[string][]byte) {
	t.Helper()
	config := "redis.conf" // it must contain the password of Redis
	if out := cliRedis(t, n.redis, "SAVE"); !strings.HasPrefix(out, "+OK") {
		t.Fatalf("SAVE: %s", out)
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(n.redis.Dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == config {
			return err
		}
		raw, err := os.ReadFile(name)
		into["Redis's "+entry.Name()] = raw
		seen[filepath.Ext(name)] = seen[filepath.Ext(name)] || bytes.Contains(raw, []byte("auth:grant:"))
		return err
	})
	if err != nil || !seen[".rdb"] || !seen[".aof"] {
		t.Fatalf("the files of Redis hold no grants: %v %v", err, seen)
	}
}

// cliRedis runs a command on Redis as its operator.
func cliRedis(t *testing.T, redis *redistest.Server, command string) string {
	t.Helper()
	conn := dial(t, redis.Addr)
	_, _ = io.WriteString(conn, "AUTH the/password+of=Redis\r\n"+command+"\r\nQUIT\r\n")
	raw, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(raw), "+OK\r\n")
}

// plant shows that a secret in an output is found, in every form.
func (n *noisy) plant(t *testing.T, left map[string][]byte) {
	t.Helper()
	for secret := range n.c.secrets {
		for i, needle := range needles(secret) {
			for where, text := range left {
				at := len(text) / 2
				planted := bytes.Join([][]byte{text[:at], needle, text[at:]}, nil)
				if len(n.c.found(planted)) == 0 {
					t.Errorf("form %d of a secret was planted into %s and not found", i, where)
				}
			}
		}
		break // one secret shows it
	}
}
