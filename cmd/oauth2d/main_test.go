package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/cli/build"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// terminal carries out a command line and returns its exit code and output.
func terminal(t *testing.T, environ []string, args ...string) (code int, out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), console.Console{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Environ: environ}, args)
	return code, stdout.String(), stderr.String()
}

// A command line that is not understood prints one line with a hint to stderr, and ends with exit code 2.
func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"command":      {[]string{"serv"}, "did you mean serve"},
		"subcommand":   {[]string{"client", "crate"}, "did you mean create?"},
		"flag":         {[]string{"serve", "--devel"}, "unknown flag: --devel"},
		"output":       {[]string{"version", "--output", "xml"}, "is not one of table, json, yaml"},
		"set":          {[]string{"config", "check", "--set", "redis.mode"}, "has no value"},
		"no direct":    {[]string{"client", "list"}, "hint: add --direct"},
		"no client id": {[]string{"client", "create", "--direct"}, "requires the id"},
		"embedded":     {[]string{"key", "list", "--direct", "--set", "redis.mode=embedded"}, "which other processes cannot reach"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, messages := terminal(t, nil, test.args...)
			if code != 2 || out != "" || !strings.Contains(messages, test.want) || strings.Count(messages, "\n") != 1 {
				t.Errorf("code %d, out %q, messages %q; want code 2 and one line with %q", code, out, messages, test.want)
			}
		})
	}
}

// Each mistake in the settings is one line; the exit code is 1 because the command was understood.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	code, _, messages := terminal(t, []string{"OAUTH2D_REDIS_MOED=x"}, "serve")
	for _, want := range []string{"did you mean OAUTH2D_REDIS_MODE?\n"} {
		if code != 1 || !strings.Contains(messages, want) {
			t.Errorf("code %d, messages %q; want %q", code, messages, want)
		}
	}
	_, _, messages = terminal(t, nil, "config", "check")
	if strings.Count(messages, "oauth2d: ") != 2 || strings.Count(messages, "\n") != 2 {
		t.Errorf("two things are missing, told %q", messages)
	}
}

func TestDevRefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		code, _, messages := terminal(t, nil, "serve", "--dev", "--listen", listen)
		if code != 1 || !strings.Contains(messages, "is not loopback") {
			t.Errorf("%s: code %d, %q", listen, code, messages)
		}
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	_, out, _ := terminal(t, nil, "version", "-o", "json")
	var b build.Build
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.Go == "" {
		t.Errorf("version as JSON: %v, %q", err, out)
	}
	_, out, _ = terminal(t, nil, "version", "-o", "yaml")
	if !strings.HasPrefix(out, "version: ") {
		t.Errorf("version as YAML: %q", out)
	}
	_, out, _ = terminal(t, []string{"OAUTH2D_REDIS_PASSWORD=hunter2"}, "config", "print", "--dev")
	if !strings.Contains(out, "mode: embedded") || strings.Contains(out, "hunter2") {
		t.Errorf("config print: %q", out)
	}
	code, out, _ := terminal(t, nil, "config", "schema")
	if code != 0 || !json.Valid([]byte(out)) {
		t.Errorf("config schema: code %d", code)
	}
}

// Every command shows an example before it lists its flags.
func TestHelpBeginsWithAnExample(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"client", "create", "--help"}, {"user", "set-password", "--help"}, {"key", "rotate", "--help"}} {
		_, out, _ := terminal(t, nil, args...)
		example, flags := strings.Index(out, "Examples:"), strings.Index(out, "Flags:")
		if example < 0 || flags < example || strings.Count(out, "Examples:") != 1 {
			t.Errorf("%v: example at %d, flags at %d:\n%s", args, example, flags, out)
		}
	}
}

// serving starts `serve` and waits until it says so; ending it must be clean.
func serving(t *testing.T, environ []string, args ...string) (out, messages *testkit.Log) {
	t.Helper()
	out, messages = new(testkit.Log), new(testkit.Log)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	args = append([]string{"serve", "--set", "log.format=json", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)
	go func() {
		ended <- run(ctx, console.Console{In: strings.NewReader(""), Out: out, Err: messages, Environ: environ}, args)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d: %s", code, messages)
		}
	})
	waitFor(t, messages, `"msg":"serving"`)
	return out, messages
}

// waitFor waits until want was written.
func waitFor(t *testing.T, p *testkit.Log, want string) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, want, func() bool { return strings.Contains(p.String(), want) })
}

// serve starts a server on the site and returns its address.
func (s site) serve(t *testing.T) string {
	t.Helper()
	_, messages := serving(t, s, "--issuer", "https://auth.example.com")
	return "http://" + regexp.MustCompile(`"listen":"([^"]+)"`).FindStringSubmatch(messages.String())[1]
}

// form posts as a client and reads the answer.
func form(t *testing.T, address, id, secret string, fields url.Values) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, url.QueryEscape(secret))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// What serve --dev prints works when it is pasted: the curl prints a token, and the URL is the start page.
func TestWelcomeWorks(t *testing.T) {
	t.Parallel()
	out, messages := serving(t, nil, "--dev")
	waitFor(t, out, "Ctrl-C")
	command := regexp.MustCompile(`curl .*client_credentials.*`).FindString(out.String())
	words := strings.Fields(command)
	if len(words) == 0 {
		t.Fatalf("no curl: %s", out)
	}
	answer, err := exec.CommandContext(t.Context(), words[0], words[1:]...).Output()
	if err != nil || !strings.Contains(string(answer), `"access_token"`) {
		t.Errorf("%s: %v %s", command, err, answer)
	}
	page := regexp.MustCompile(`(?m)^ {2}(http\S+/)$`).FindStringSubmatch(out.String())
	if len(page) != 2 {
		t.Fatalf("no start page: %s", out)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page[1], http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the start page answers %d", response.StatusCode)
	}
	for line := range strings.Lines(messages.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a log line is not JSON: %s", line)
		}
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	_, messages := serving(t, nil, "--dev")
	admin := regexp.MustCompile(`"admin_listen":"([^"]+)"`).FindStringSubmatch(messages.String())
	if len(admin) != 2 {
		t.Fatalf("the log does not tell the address: %s", messages)
	}
	// A probe has not all settings of the server, and needs only one.
	code, out, _ := terminal(t, []string{"OAUTH2D_ADMIN_LISTEN=" + admin[1]}, "healthcheck")
	if code != 0 || !strings.Contains(out, "ready") {
		t.Errorf("healthcheck of a running server: code %d, %q", code, out)
	}
	_, port, _ := net.SplitHostPort(admin[1])
	code, _, _ = terminal(t, []string{"OAUTH2D_ADMIN_LISTEN=0.0.0.0:" + port}, "healthcheck")
	if code != 0 {
		t.Errorf("healthcheck of a server on every address: code %d", code)
	}
	code, _, told := terminal(t, nil, "healthcheck", "--url", "http://127.0.0.1:1/health/ready")
	if code != 1 || !strings.Contains(told, "hint:") {
		t.Errorf("healthcheck of nothing: code %d, %q", code, told)
	}
}
