package config_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

const masterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// enough returns an environment that starts a server.
func enough(more ...string) []string {
	return append([]string{"OAUTH2D_ISSUER=https://auth.example.com", "OAUTH2D_MASTER_KEY=" + masterKey}, more...)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, s config.Sources) config.Config {
	t.Helper()
	c, _, err := config.Load(s)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Environ: enough()})
	got := fmt.Sprintln(c.Server.Listen, c.Admin.Listen, c.Redis.Mode, c.Redis.Addrs, c.Redis.MasterName,
		c.Token.Access, c.Token.Code, c.Refresh.Idle, c.Refresh.Grace, c.Session.Idle, c.Session.Limit, c.Keys.Algorithm)
	want := "127.0.0.1:8080 127.0.0.1:9090 standalone [127.0.0.1:6379] mymaster 15m0s 10m0s 168h0m0s 10s 1h0m0s 5 ES256\n"
	if got != want {
		t.Errorf("defaults:\n got %s\nwant %s", got, want)
	}
}

// Names that other software relies on do not change.
func TestFixedNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range config.Fields() {
		names = append(names, f.Env)
	}
	for _, name := range []string{
		"OAUTH2D_ISSUER", "OAUTH2D_SERVER_LISTEN", "OAUTH2D_ADMIN_LISTEN", "OAUTH2D_REDIS_MODE", "OAUTH2D_REDIS_ADDRS",
		"OAUTH2D_REDIS_MASTER_NAME", "OAUTH2D_REDIS_USERNAME", "OAUTH2D_REDIS_PASSWORD",
		"OAUTH2D_REDIS_SENTINEL_PASSWORD", "OAUTH2D_MASTER_KEY",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not a setting", name)
		}
	}
}

// Each source overrides the next one; the test removes them one by one, strongest first.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	s := config.Sources{
		Set:  map[string]string{"redis.password": "flag"},
		File: write(t, "c.yaml", "redis:\n  password: yaml\n"),
		Environ: enough("OAUTH2D_REDIS_PASSWORD=env", "OAUTH2D_REDIS_PASSWORD_FILE="+write(t, "secret", "file\n"),
			"REDIS_PASSWORD=alias"),
	}
	steps := []struct {
		want  string
		strip func()
	}{
		{"flag", func() { s.Set = nil }},
		{"env", func() { s.Environ = slices.Delete(s.Environ, 2, 3) }},
		{"file", func() { s.Environ = slices.Delete(s.Environ, 2, 3) }},
		{"yaml", func() { s.File = "" }},
		{"alias", func() { s.Environ = enough() }},
		{"", func() {}},
	}
	for _, step := range steps {
		if got := load(t, s).Redis.Password.Reveal(); got != step.want {
			t.Errorf("password = %q, want %q", got, step.want)
		}
		step.strip()
	}
}

// A single mistake is reported in a single line with key and remedy.
func TestMistakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		yaml string
		env  []string
		want string // a part of the line
	}{
		"unknown key":          {yaml: "redis:\n  mdoe: sentinel\n", want: "redis.mdoe: no such setting (FILE, line 2); hint: did you mean redis.mode?"},
		"unknown section":      {yaml: "rediss:\n  mode: sentinel\n", want: "rediss.mode: no such setting (FILE, line 2); hint: did you mean redis.mode?"},
		"unknown variable":     {env: []string{"OAUTH2D_REDIS_MOED=x"}, want: "OAUTH2D_REDIS_MOED: no such setting; hint: did you mean OAUTH2D_REDIS_MODE?"},
		"unknown secret file":  {env: []string{"OAUTH2D_REDIS_MODE_FILE=x"}, want: "OAUTH2D_REDIS_MODE_FILE: no such setting"},
		"unknown scope key":    {yaml: "scopes:\n  - name: a\n    descrption: b\n", want: "scopes[0].descrption: no such setting (FILE, line 3); hint: did you mean description?"},
		"value for a section":  {yaml: "redis: sentinel\n", want: "redis: is a section"},
		"level":                {env: []string{"OAUTH2D_LOG_LEVEL=loud"}, want: `log.level: "loud" is not one of debug, info, warn, error (OAUTH2D_LOG_LEVEL); hint: write one of them, such as info`},
		"capitals":             {env: []string{"OAUTH2D_LOG_LEVEL=INFO"}, want: `hint: did you mean info?`},
		"no default":           {env: []string{"OAUTH2D_REDIS_DURABILITY=whatever"}, want: `is not one of strict, relaxed (OAUTH2D_REDIS_DURABILITY); hint: write one of them, such as strict`},
		"mode":                 {env: []string{"OAUTH2D_REDIS_MODE=sentinal"}, want: `"sentinal" is not one of embedded, standalone, sentinel, cluster (OAUTH2D_REDIS_MODE); hint: did you mean sentinel?`},
		"duration":             {yaml: "token: {access: soon}\n", want: `token.access: "soon" must be a duration such as 90s, 15m, 12h or 7d, or a number of seconds (FILE, line 1)`},
		"long code":            {yaml: "token: {code: 11m}\n", want: `token.code: "11m" is more than 10m0s (FILE, line 1)`},
		"grace":                {env: []string{"OAUTH2D_REFRESH_GRACE=31"}, want: `refresh.grace: "31" is more than 30s (OAUTH2D_REFRESH_GRACE)`},
		"number":               {yaml: "session: {limit: many}\n", want: `session.limit: "many" must be a whole number, in decimal digits (FILE, line 1); hint: such as 5`},
		"issuer http":          {env: []string{"OAUTH2D_ISSUER=http://auth.example.com"}, want: `issuer: "http://auth.example.com" uses http`},
		"issuer slash":         {env: []string{"OAUTH2D_ISSUER=https://auth.example.com/"}, want: `issuer: "https://auth.example.com/" ends in a slash`},
		"issuer query":         {env: []string{"OAUTH2D_ISSUER=https://auth.example.com?x"}, want: `issuer: "https://auth.example.com?x" has a query`},
		"issuer dots":          {env: []string{"OAUTH2D_ISSUER=https://auth.example.com/a/../b"}, want: `issuer: "https://auth.example.com/a/../b" has a path`},
		"issuer relative":      {env: []string{"OAUTH2D_ISSUER=auth.example.com"}, want: `issuer: "auth.example.com" is not an absolute https URL`},
		"short master key":     {env: []string{"OAUTH2D_MASTER_KEY=c2hvcnQ="}, want: "master_key: holds 5 bytes, not 32 (OAUTH2D_MASTER_KEY); hint:"},
		"master key text":      {env: []string{"OAUTH2D_MASTER_KEY=*hunter2*"}, want: "master_key: is not base64 (OAUTH2D_MASTER_KEY); hint:"},
		"listen":               {env: []string{"OAUTH2D_SERVER_LISTEN=8080"}, want: "server.listen: \"8080\" is not host:port"},
		"one port for both":    {env: []string{"OAUTH2D_ADMIN_LISTEN=127.0.0.1:8080"}, want: `admin.listen: "127.0.0.1:8080" is the same as server.listen`},
		"prefix":               {env: []string{"OAUTH2D_SERVER_ENDPOINT_PREFIX=oauth2"}, want: `server.endpoint_prefix: "oauth2" is not a plain path`},
		"proxy":                {env: []string{"OAUTH2D_SERVER_TRUSTED_PROXIES=10.0.0.0/8,lb"}, want: `server.trusted_proxies: "lb" is neither`},
		"half a certificate":   {env: []string{"OAUTH2D_SERVER_TLS_CERT_FILE=/x"}, want: "server.tls: has cert_file without key_file, or the other way round (OAUTH2D_SERVER_TLS_CERT_FILE)"},
		"address":              {env: []string{"OAUTH2D_REDIS_ADDRS=redis"}, want: `redis.addrs: "redis" is not host:port`},
		"several standalone":   {env: []string{"OAUTH2D_REDIS_ADDRS=a:1,b:1"}, want: `redis.addrs: "a:1,b:1" names several servers`},
		"db in a cluster":      {env: []string{"OAUTH2D_REDIS_MODE=cluster", "OAUTH2D_REDIS_DB=1"}, want: `redis.db: "1" must be 0`},
		"strict alone":         {env: []string{"OAUTH2D_REDIS_DURABILITY=strict"}, want: `redis.durability: "strict" cannot be strict without replicas`},
		"absolute before idle": {env: []string{"OAUTH2D_REFRESH_ABSOLUTE=1h"}, want: `refresh.absolute: "1h" is shorter`},
		"publish ahead":        {env: []string{"OAUTH2D_KEYS_ROTATE_EVERY=24h"}, want: `keys.publish_ahead: "24h" is not shorter`},
		"scope value":          {env: []string{`OAUTH2D_SCOPES=[{"name":"a b","description":"c"}]`}, want: "is not a valid scope"},
		"scope words":          {env: []string{`OAUTH2D_SCOPES=[{"name":"a"}]`}, want: "needs a description"},
		"scope twice":          {env: []string{`OAUTH2D_SCOPES=[{"name":"a","description":"b"},{"name":"a","description":"b"}]`}, want: "is declared twice"},
		"resource":             {env: []string{`OAUTH2D_RESOURCES=[{"uri":"api"}]`}, want: `resources[0].uri: "api" is not an absolute URI without fragment (OAUTH2D_RESOURCES)`},
		"colour":               {env: []string{"OAUTH2D_BRAND_ACCENT=blue"}, want: `brand.accent: "blue" is not a colour (OAUTH2D_BRAND_ACCENT); hint: as #rrggbb, such as #2457c5`},
		"secret file":          {env: []string{"OAUTH2D_REDIS_PASSWORD_FILE=/nowhere/at/all"}, want: "OAUTH2D_REDIS_PASSWORD_FILE: /nowhere/at/all cannot be read: no such file"},
		"not YAML":             {yaml: "redis: [\n", want: "is not YAML"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := config.Sources{Environ: enough(test.env...)}
			if test.yaml != "" {
				s.File = write(t, "c.yaml", test.yaml)
			}
			_, _, err := config.Load(s)
			if err == nil {
				t.Fatal("accepted")
			}
			if got := strings.ReplaceAll(err.Error(), cmp.Or(s.File, "-"), "FILE"); !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("got:\n%s\nwant one line with:\n%s", got, test.want)
			}
		})
	}
}

func TestNothingSet(t *testing.T) {
	t.Parallel()
	_, _, err := config.Load(config.Sources{})
	if err == nil || !strings.Contains(err.Error(), "issuer: is not set") || !strings.Contains(err.Error(), "master_key: is not set") {
		t.Errorf("got %v, want both missing settings", err)
	}
}

func TestMistakesShowNoSecret(t *testing.T) {
	t.Parallel()
	_, _, err := config.Load(config.Sources{Environ: enough("OAUTH2D_MASTER_KEY=hunter2", "OAUTH2D_MASTER_KEY_PREVIOUS=hunter2,hunter2")})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestValuesAreRead(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{
		File: write(t, "c.yaml", strings.Join([]string{
			"issuer: https://auth.example.com/api/v1/auth",
			"token: {access: 300, code: 2m}",
			"redis:", "  mode: sentinel", "  addrs: [a:26379, 'b:26379']", "  password_file: " + write(t, "pw", "from a file\n"),
			"introspection: {allow_self: true}",
			"scopes:", "  - {name: 'Recipe.Read:All', description: read recipes}", "  - {name: email, description: write to you}",
			"resources:", "  - {uri: 'https://api.example.com', format: jwt}",
			"session:",
		}, "\n")),
		Environ: []string{"OAUTH2D_MASTER_KEY=" + masterKey, "OAUTH2D_SERVER_TRUSTED_PROXIES= 10.0.0.0/8 , ::1 ", "OAUTH2D_REDIS_USERNAME="},
	})
	got := fmt.Sprint(c.Issuer, c.Token.Access, c.Token.Code, c.Redis.Addrs, c.Redis.Password.Reveal(), c.Introspection.AllowSelf,
		c.Server.TrustedProxies, c.Resources, c.Session.Limit)
	want := fmt.Sprint("https://auth.example.com/api/v1/auth", 5*time.Minute, 2*time.Minute, []string{"a:26379", "b:26379"}, "from a file", true,
		[]string{"10.0.0.0/8", "::1"}, []config.Resource{{URI: "https://api.example.com", Format: "jwt"}}, 5)
	if got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
	byName := map[string]config.Scope{}
	for _, s := range c.Scopes {
		byName[s.Name] = s
	}
	if byName["Recipe.Read:All"].Description != "read recipes" {
		t.Errorf("a scope lost its case: %v", c.Scopes)
	}
	if e := byName["email"]; e.Description != "write to you" || !e.UserOnly || len(c.Scopes) != 5 {
		t.Errorf("a standard scope was not described anew: %v", c.Scopes)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Environ: enough("REDIS_HOST=redis.internal", "REDIS_PORT=6380", "REDIS_DB=2", "APP_PASSWORD=p",
		"REDIS_PASSWORD=q", "SENTINEL_PASSWORD=s", "SESSION_TTL_SECONDS=1800", "MAX_SESSIONS_PER_USER=3", "LOG_LEVEL=WARNING",
		"CACHE_DB=1", "CLEANUP_INTERVAL_SECONDS=300")})
	got := fmt.Sprint(c.Redis.Addrs, c.Redis.DB, c.Redis.Username, c.Redis.Password.Reveal(), c.Redis.SentinelPassword.Reveal(),
		c.Session.Idle, c.Session.Limit, c.Log.Level)
	want := fmt.Sprint([]string{"redis.internal:6380"}, 2, "app", "p", "s", 30*time.Minute, 3, "warn")
	if got != want {
		t.Errorf("the aliases set %s, want %s", got, want)
	}
}

// An alias never stops the start, whatever its value.
func TestAliasesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c, warnings, err := config.Load(config.Sources{Environ: enough("REDIS_PORT=tcp://10.0.0.1:6379", "SESSION_TTL_SECONDS=long",
		"MAX_SESSIONS_PER_USER=-1", "LOG_LEVEL=loud", "REDIS_DB=99")})
	if err != nil || len(warnings) != 5 {
		t.Fatalf("err %v, warnings %q; want none and five", err, warnings)
	}
	if c.Redis.Addrs[0] != "127.0.0.1:6379" || c.Session.Limit != 5 || c.Log.Level != "info" {
		t.Errorf("an alias that cannot be used had an effect: %v", c)
	}
}

// An env file of an earlier server is taken over, and the log says which lines have no effect here.
func TestEnvFileOfAnEarlierServer(t *testing.T) {
	t.Parallel()
	file := write(t, ".env", "CLEANUP_INTERVAL_SECONDS=600\nCACHE_DEFAULT_TTL_SECONDS=86400\nOTHER_SETTING=1\n")
	c, warnings, err := config.Load(config.Sources{EnvFile: file, Environ: enough()})
	if err != nil || c.Cleanup.Interval != 10*time.Minute {
		t.Errorf("interval %s, %v", c.Cleanup.Interval, err)
	}
	want := []string{"CACHE_DEFAULT_TTL_SECONDS: has no effect, because this server has no service cache (" + file + ", line 2); ignored"}
	if !slices.Equal(warnings, want) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
}

// Kubernetes sets these for Services called oauth2d and oauth2d-redis.
func TestServiceLinksAreNoSettings(t *testing.T) {
	t.Parallel()
	load(t, config.Sources{Environ: enough("OAUTH2D_SERVICE_HOST=10.0.0.1", "OAUTH2D_SERVICE_PORT=80", "OAUTH2D_SERVICE_PORT_HTTP=80",
		"OAUTH2D_PORT=tcp://10.0.0.1:80", "OAUTH2D_PORT_80_TCP=tcp://10.0.0.1:80", "OAUTH2D_PORT_80_TCP_ADDR=10.0.0.1",
		"OAUTH2D_REDIS_SERVICE_HOST=10.0.0.2", "OAUTH2D_REDIS_PORT=tcp://10.0.0.2:6379", "OAUTH2D_REDIS_PORT_6379_TCP_PROTO=tcp")})
}

func TestEnvFile(t *testing.T) {
	t.Parallel()
	s := config.Sources{
		EnvFile: write(t, ".env", "# settings\nOAUTH2D_ISSUER=https://file.example.com\nOAUTH2D_LOG_LEVEL=\"debug\"\nexport OAUTH2D_SESSION_LIMIT=2\n"),
		Environ: []string{"OAUTH2D_ISSUER=https://env.example.com", "OAUTH2D_MASTER_KEY=" + masterKey},
	}
	c := load(t, s)
	if c.Issuer != "https://env.example.com" || c.Log.Level != "debug" || c.Session.Limit != 2 {
		t.Errorf("issuer %s, level %s, limit %d", c.Issuer, c.Log.Level, c.Session.Limit)
	}
	s.EnvFile = write(t, ".env", "OAUTH2D_ISUER=https://file.example.com\n")
	if _, _, err := config.Load(s); err == nil || !strings.Contains(err.Error(), "did you mean OAUTH2D_ISSUER?") {
		t.Errorf("an unknown name in the env-file: %v", err)
	}
}

func TestDevNeedsNothing(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Dev: true})
	if c.Redis.Mode != "embedded" || !c.Dev {
		t.Errorf("mode %s", c.Redis.Mode)
	}
	for _, name := range []string{"read", "write", "admin:*", "openid"} {
		if !slices.ContainsFunc(c.Scopes, func(s config.Scope) bool { return s.Name == name }) {
			t.Errorf("--dev has no scope %s", name)
		}
	}
}

func TestDevStaysOnLoopback(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"server.listen", "admin.listen"} {
		for _, listen := range []string{"0.0.0.0:8081", ":8081", "[::]:8081", "192.168.1.1:8081"} {
			_, _, err := config.Load(config.Sources{Dev: true, Set: map[string]string{key: listen}})
			if err == nil || !strings.Contains(err.Error(), "is not loopback") {
				t.Errorf("--dev with %s %s: %v", key, listen, err)
			}
		}
		load(t, config.Sources{Dev: true, Set: map[string]string{key: "[::1]:0"}})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Environ: enough("OAUTH2D_REDIS_PASSWORD=hunter2", "OAUTH2D_MASTER_KEY_PREVIOUS="+masterKey)})
	encoded, err := json.Marshal(c.Redacted())
	if err != nil {
		t.Fatal(err)
	}
	direct, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "password", c.Redis.Password)
	all := fmt.Sprintf("%v %+v %#v %s %s %s", c, c, c, encoded, direct, log.String())
	if strings.Contains(all, "hunter2") || strings.Contains(all, masterKey) {
		t.Error("a secret was printed")
	}
	if !strings.Contains(string(encoded), `"password":"(set)"`) {
		t.Errorf("the output does not show that a secret is set: %s", encoded)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	a := load(t, config.Sources{Environ: enough()})
	b := load(t, config.Sources{Environ: enough("OAUTH2D_LOG_LEVEL=debug", "OAUTH2D_REDIS_PASSWORD=x", "OAUTH2D_BRAND_NAME=Recipes", "OAUTH2D_REDIS_DB=1")})
	reload, restart := config.Changed(a, b)
	if fmt.Sprint(reload, restart) != "[redis.password brand.name log.level] [redis.db]" {
		t.Errorf("reload %v, restart %v", reload, restart)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("redis: {mode: embedded}\nscopes:\n - {name: a, description: b}\n", "OAUTH2D_REDIS_ADDRS", "a:1,b:2")
	f.Add("? {a: b}\n: c\n", "OAUTH2D_SCOPES", `[{"name":1}]`)
	f.Add("redis: {mode: null}", "OAUTH2D_TOKEN_ACCESS", "9223372036854775807")
	f.Fuzz(func(t *testing.T, yaml, name, value string) {
		c, _, err := config.Load(config.Sources{File: write(t, "c.yaml", yaml), Environ: []string{name + "=" + value}, Dev: true})
		if err == nil && len(c.Validate()) > 0 {
			t.Errorf("accepted settings that are not valid: %v", c.Validate())
		}
	})
}

func TestRedirectSchemesAreNamesOfApplications(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[string]bool{"vscode": true, "vscode-insiders": true, "javascript": false, "VSCode": false, "vscode://": false, "https": false, "data": false} {
		_, _, err := config.Load(config.Sources{Dev: true, Set: map[string]string{"redirect_schemes": scheme}})
		if (err == nil) != want {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
