package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// Texts that YAML would read as a number, a date or a truth value.
var written = []string{
	"0123456", "1e10", "1.10", "0x1F", "0o17", "1_000", "2024-01-01", "2024-01-01T10:00:00Z", "yes", "no", "on", "true", "True", ".inf", "12:30:45", "+1", "1e+3",
}

func TestF_P11_TextIsKeptAsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range written {
		secret := write(t, "secret", text+"\n")
		for form, s := range map[string]config.Sources{
			"yaml":        {File: write(t, "c.yaml", "redis:\n  password: "+text+"\n  username: "+text+"\nbrand: {footer: "+text+"}\n")},
			"anchor":      {File: write(t, "c.yaml", "brand: &b\n  footer: &p "+text+"\nredis: {password: *p, username: *p}\n")},
			"tagged":      {File: write(t, "c.yaml", "redis:\n  password: !!str "+text+"\n  username: '"+text+"'\nbrand: {footer: \""+text+"\"}\n")},
			"environment": {Environ: []string{"OAUTH2D_REDIS_PASSWORD=" + text, "OAUTH2D_REDIS_USERNAME=" + text, "OAUTH2D_BRAND_FOOTER=" + text}},
			"env file":    {EnvFile: write(t, ".env", "OAUTH2D_REDIS_PASSWORD="+text+"\nOAUTH2D_REDIS_USERNAME='"+text+"'\nOAUTH2D_BRAND_FOOTER=\""+text+"\"\n")},
			"secret file": {Environ: []string{"OAUTH2D_REDIS_PASSWORD_FILE=" + secret, "OAUTH2D_REDIS_USERNAME=" + text, "OAUTH2D_BRAND_FOOTER=" + text}},
			"flag":        {Set: map[string]string{"redis.password": text, "redis.username": text, "brand.footer": text}},
		} {
			s.Environ = append(s.Environ, enough()...)
			c := load(t, s)
			if got := []string{c.Redis.Password.Reveal(), c.Redis.Username, c.Brand.Footer}; fmt.Sprint(got) != fmt.Sprint([]string{text, text, text}) {
				t.Errorf("%s of %s: %q", form, text, got)
			}
		}
	}
}

// Lists and lists of objects are also text.
func TestF_P11_ListsAreKeptAsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range written {
		for form, s := range map[string]config.Sources{
			"yaml": {File: write(t, "c.yaml", "tracing:\n  headers: [X=1, 0x=0x1F]\nadmin:\n  operators:\n    - "+text+
				"\nscopes:\n  - {name: "+text+", description: "+text+"}\n")},
			"merged": {File: write(t, "c.yaml", "admin: {operators: ["+text+"]}\nscopes:\n  - &s {name: a, description: "+text+"}\n  - {<<: *s, name: "+text+"}\n")},
		} {
			s.Environ = enough()
			c := load(t, s)
			last := c.Scopes[len(c.Scopes)-1]
			if got := []string{c.Admin.Operators[0], last.Name, last.Description}; fmt.Sprint(got) != fmt.Sprint([]string{text, text, text}) {
				t.Errorf("%s of %s: %q", form, text, got)
			}
		}
	}
	for _, number := range []string{"0123456", "1e10", "1.10"} {
		if number[0] == '0' {
			number = number[1:] // JSON has no leading zeros
		}
		c := load(t, config.Sources{Environ: enough(`OAUTH2D_SCOPES=[{"name":` + number + `,"description":"x","user_only":true}]`)})
		if last := c.Scopes[len(c.Scopes)-1]; last.Name != number || !last.UserOnly {
			t.Errorf("JSON %s: %+v", number, last)
		}
	}
}

// Spaces and punctuation are part of a secret, in every form.
func TestF_P11_SecretsKeepEverySign(t *testing.T) {
	t.Parallel()
	for _, password := range []string{" space ", "pa$$word", "$HOME", "a#b", `back\slash`, `qu"ote`, "x=y"} {
		for form, s := range map[string]config.Sources{
			"yaml":        {File: write(t, "c.yaml", "redis:\n  password: '"+password+"'\n")},
			"environment": {Environ: []string{"OAUTH2D_REDIS_PASSWORD=" + password}},
			"env file":    {EnvFile: write(t, ".env", "OAUTH2D_REDIS_PASSWORD='"+password+"' # as it is\n")},
			"secret file": {Environ: []string{"OAUTH2D_REDIS_PASSWORD_FILE=" + write(t, "s", password+"\r\n")}},
		} {
			s.Environ = append(s.Environ, enough()...)
			if got := load(t, s).Redis.Password.Reveal(); got != password {
				t.Errorf("%s: %q became %q", form, password, got)
			}
		}
	}
	c := load(t, config.Sources{Environ: enough(), EnvFile: write(t, ".env", "OAUTH2D_REDIS_PASSWORD=ab#cd\nOAUTH2D_BRAND_FOOTER=\"a\\\"b\\$c\nd\"\nOAUTH2D_LOG_LEVEL=debug # loud\n")})
	if c.Redis.Password.Reveal() != "ab#cd" || c.Brand.Footer != "a\"b$c\nd" || c.Log.Level != "debug" {
		t.Errorf("env file: %q %q %q", c.Redis.Password.Reveal(), c.Brand.Footer, c.Log.Level)
	}
}

// A value with an uncertain meaning is refused, with its line.
func TestF_P11_AmbiguousValuesAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ yaml, env, want string }{
		"null":          {yaml: "redis:\n  password: null\n", want: "redis.password: is null, which YAML reads as a null value and not as text (FILE, line 2); hint: write it in quotes"},
		"tilde":         {yaml: "brand:\n  footer: ~\n", want: "brand.footer: is ~, which"},
		"null in list":  {yaml: "admin: {operators: [ada, null]}\n", want: "admin.operators: must be a list of single values"},
		"binary":        {yaml: "redis: {password: !!binary aGFsbG8=}\n", want: "uses the tag !!binary"},
		"twice":         {yaml: "redis: {username: a}\nlog: {level: info}\nredis: {password: b}\n", want: "redis: is set twice, in lines 1 and 3"},
		"twice within":  {yaml: "redis:\n  username: a\n  username: b\n", want: "redis.username: is set twice, in lines 2 and 3"},
		"documents":     {yaml: "redis: {username: a}\n---\nredis: {username: b}\n", want: "begins a second YAML document"},
		"a list":        {yaml: "- redis\n", want: "settings are NAME: value lines"},
		"alias of list": {yaml: "admin: {operators: &l [a]}\nredis: {password: *l}\n", want: "redis.password: must be one value"},
		"dollar":        {env: "OAUTH2D_REDIS_PASSWORD=pa$word\n", want: "FILE: line 1: the value contains a $"},
		"quote":         {env: "A=1\nOAUTH2D_REDIS_PASSWORD='x\n", want: "FILE: line 2: a quote is not closed"},
		"no value":      {env: "OAUTH2D_ISSUER\n", want: "FILE: line 1 is not NAME=value"},
		"after quote":   {env: "OAUTH2D_BRAND_FOOTER='a'b\n", want: "FILE: line 1: text follows the closing quote"},
	} {
		s := config.Sources{Environ: enough()}
		var file string
		if test.yaml != "" {
			s.File = write(t, "c.yaml", test.yaml)
			file = s.File
		} else {
			s.EnvFile = write(t, ".env", test.env)
			file = s.EnvFile
		}
		_, _, err := config.Load(s)
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), file, "FILE"), test.want) {
			t.Errorf("%s: %v\nwant %s", name, err, test.want)
		}
	}
	for _, empty := range []string{"log: {level: warn}\n---\n", "---\nlog: {level: warn}\n---\n# no more\n", "---\n---\nlog: {level: warn}\n"} {
		if c := load(t, config.Sources{Environ: enough(), File: write(t, "c.yaml", empty)}); c.Log.Level != "warn" {
			t.Errorf("%q: level %s", empty, c.Log.Level) // an empty document counts as none
		}
	}
	load(t, config.Sources{Environ: enough(), File: write(t, "c.yaml", "redis:\n  password:\nsession: {limit: null}\nlog: null\n")}) // an empty value means "not set"
	for _, text := range []string{"redis: &a {b: *a}\n", strings.Repeat("n", 300) + ": {" + strings.Repeat("a: {}, ", 10) + "}\n"} {
		_, _, err := config.Load(config.Sources{Environ: enough(), File: write(t, "c.yaml", text)})
		if err == nil || !strings.Contains(err.Error(), "is nested more than") && !strings.Contains(err.Error(), "has a name longer than 200 bytes (line 1)") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	bomb := "a0: &a0 {k: v}\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]}\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	if _, _, err := config.Load(config.Sources{Environ: enough(), File: write(t, "c.yaml", bomb)}); err == nil {
		t.Error("aliases that grow were accepted")
	}
}

func TestF_N11_EverySettingHasItsOrigin(t *testing.T) {
	t.Parallel()
	file := write(t, "c.yaml", "redis:\n  mode: sentinel\n  addrs:\n    - a:1\n    - b:2\nbrand: {name: X}\nscopes:\n  - name: a\n    description: b\n")
	env := write(t, ".env", "# x\nOAUTH2D_LOG_LEVEL=debug\nOAUTH2D_BRAND_NAME=Y\n")
	secret := write(t, "pw", "x\n")
	_, origins, _, err := config.Explain(config.Sources{
		File: file, EnvFile: env, Set: map[string]string{"session.limit": "4"},
		Environ: enough("OAUTH2D_REDIS_PASSWORD_FILE="+secret, "OAUTH2D_BRAND_NAME=Z", "REDIS_DB=2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"redis.mode": file + ", line 2", "redis.addrs": file + ", line 3", "scopes": file + ", line 7", "scopes[0].description": file + ", line 9",
		"log.level": env + ", line 2", "brand.name": "OAUTH2D_BRAND_NAME", "issuer": "OAUTH2D_ISSUER", "session.limit": "command line",
		"redis.password": secret + ", named by OAUTH2D_REDIS_PASSWORD_FILE", "redis.db": "alias REDIS_DB", "redis.pool_size": "default",
	} {
		if got := origins.Of(key); got != want {
			t.Errorf("%s comes from %q, want %q", key, got, want)
		}
	}
}

// A mistake is reported with the value and where it was set. A value that is a URL with a password in it is not shown.
func TestF_N11_MistakesNameValueAndOrigin(t *testing.T) {
	t.Parallel()
	file := write(t, "c.yaml", "issuer: https://u:hunter2@auth.example.com\nsession:\n  idle: soon\nredis:\n  addrs: [a, 'b:1']\nscopes:\n  - name: 'a b'\n    description: c\n")
	_, _, err := config.Load(config.Sources{File: file, Environ: []string{"OAUTH2D_MASTER_KEY=" + masterKey}})
	if err == nil || !strings.Contains(err.Error(), `session.idle: "soon" must be a duration such as 90s, 15m, 12h or 7d, or a number of seconds (`+file+`, line 3)`) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(readAll(t, file), "soon", "1h", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = config.Load(config.Sources{File: file, Environ: []string{"OAUTH2D_MASTER_KEY=" + masterKey}})
	for _, want := range []string{
		"issuer: has a query, a fragment or user information (" + file + ", line 1)", `redis.addrs: "a" is not host:port (` + file + `, line 5)`,
		`scopes: "a b": is not a valid scope (` + file + ", line 6)",
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("told\n%v\nwant\n%s", err, want)
		}
	}
}

func readAll(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name) //nolint:gosec // G304: a file of this test
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
