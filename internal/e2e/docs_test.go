package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// block is a fenced block of code in a document.
type block struct {
	file     string
	line     int
	language string
	marker   string // how to run it, from the comment before it
	text     string
}

// The markers of blocks. The text after "not run" is the reason.
const (
	markNotRun     = "not run: "
	markStops      = "run: stops the demo server"
	markBackground = "run: in the background"
)

var comment = regexp.MustCompile(`^<!-- ((?:not )?run: .+) -->$`)

// blocksOf reads the blocks of a document. An indented block would escape the test, so there must be none.
func blocksOf(t *testing.T, file string) []block {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	marker, open := "", false
	for i, line := range strings.Split(string(raw), "\n") {
		switch fence := strings.HasPrefix(line, "```"); {
		case fence && open:
			open = false
		case fence:
			all = append(all, block{file: filepath.Base(file), line: i + 1, language: strings.TrimPrefix(line, "```"), marker: marker})
			open, marker = true, ""
		case open:
			all[len(all)-1].text += line + "\n"
		case comment.MatchString(line):
			marker = comment.FindStringSubmatch(line)[1]
		case line != "":
			marker = ""
			if strings.HasPrefix(line, "    ") && regexp.MustCompile(`\b(oauth2d|curl) `).MatchString(line) {
				t.Errorf("%s:%d is indented code; make it a fenced block", file, i+1)
			}
		}
	}
	return all
}

// Every snippet of a document works as pasted: shell on a real server and a real Redis, programs with their own
// runtimes. A block that cannot run states the reason.
func TestF_N04_EverySnippetOfTheDocsRuns(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == "runbooks.md" }) // deploy/scripts runs it
	for _, file := range append(files, "../../README.md") {
		blocks := blocksOf(t, file)
		if len(blocks) == 0 {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			if filepath.Base(file) == "cli.md" {
				newLesson(t).parse(blocks)
				return
			}
			newLesson(t).run(blocks)
		})
	}
}

// lesson is a reader who pastes the blocks of one document into one terminal.
type lesson struct {
	*testing.T
	dir    string // where the reader works, with build/oauth2d in it
	demo   *daemon
	env    []string
	change *strings.Replacer // puts the addresses of this test in place of those of the document
	script strings.Builder
	second bool // the demo server was stopped, and the reader starts another server
}

func newLesson(t *testing.T) *lesson {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	l := &lesson{T: t, dir: t.TempDir()}
	bin := filepath.Join(l.dir, "bin")
	for _, dir := range []string{bin, filepath.Join(l.dir, "build")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{filepath.Join(bin, "oauth2d"), filepath.Join(l.dir, "build", "oauth2d")} {
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
	}
	l.tool("make", "[ \"$*\" = build ] # it is built")
	l.env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "XDG_CONFIG_HOME=" + l.dir}
	return l
}

// tool installs a program that takes precedence over others of the same name.
func (l *lesson) tool(name, script string) {
	l.Helper()
	file := filepath.Join(l.dir, "bin", name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // G306: a program
		l.Fatal(err)
	}
}

// begin starts the server that the document assumes, with one refused request of a person in its log.
func (l *lesson) begin() {
	l.Helper()
	l.demo = serve(l.T, nil, "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	refused := testkit.NewPerson(l.T).Get(l.T, testkit.Party{Base: l.demo.URL, ID: "demo"}.AuthorizeURL(map[string]string{"redirect_uri": "https://typo.example/"}))
	code := regexp.MustCompile(`>([A-Z2-7]{5}-[A-Z2-7]{5})<`).FindStringSubmatch(refused.Body)
	if code == nil {
		l.Fatalf("no code for support:\n%s", refused.Body)
	}
	l.change = strings.NewReplacer("http://127.0.0.1:8080", l.demo.URL, "http://127.0.0.1:9090", l.demo.Admin, "7KQ4A-M2XPC", code[1])
	l.env = append(l.env, "OAUTH2D_CLI_SERVER="+l.demo.Admin, "OAUTH2D_CLI_ISSUER="+l.demo.URL, "OAUTH2D_CLI_CLIENT_ID=demo-admin",
		"OAUTH2D_CLI_CLIENT_SECRET=demo-admin-secret")
	l.prepare("user", "create", "ada", "--password-file", "-")
}

// prepare runs a command before the blocks of the document.
func (l *lesson) prepare(args ...string) {
	l.Helper()
	command := exec.CommandContext(l.Context(), filepath.Join(l.dir, "build", "oauth2d"), args...)
	command.Env, command.Stdin = l.env, strings.NewReader("correct horse battery staple\n")
	if out, err := command.CombinedOutput(); err != nil {
		l.Fatalf("oauth2d %v: %v\n%s", args, err, out)
	}
}

// stop ends the demo server; the next blocks need a server that the reader starts, on a real Redis.
func (l *lesson) stop() {
	l.Helper()
	redis := redistest.Start(l.T, "appendonly yes")
	listen, admin := "127.0.0.1:"+redistest.FreePort(l.T), "127.0.0.1:"+redistest.FreePort(l.T)
	l.change = strings.NewReplacer("127.0.0.1:8080", listen, "127.0.0.1:9090", admin, "127.0.0.1:6379", redis.Addr)
	l.second = true
	fmt.Fprintf(&l.script, "unset ${!OAUTH2D_CLI_*}\nexport OAUTH2D_SERVER_LISTEN=%s OAUTH2D_ADMIN_LISTEN=%s OAUTH2D_PASSWORD_MEMORY=8192 OAUTH2D_PASSWORD_TIME=1\n", listen, admin)
}

// run executes a document from its top to its end.
func (l *lesson) run(blocks []block) {
	l.Helper()
	runs := slices.ContainsFunc(blocks, func(b block) bool {
		return !strings.HasPrefix(b.marker, markNotRun) && slices.Contains([]string{"sh", "go", "python", "js"}, b.language)
	})
	if runs {
		l.begin()
	}
	for _, b := range blocks {
		if reason, not := strings.CutPrefix(b.marker, markNotRun); not {
			l.Logf("%s:%d is not run: %s", b.file, b.line, reason)
			continue
		}
		switch b.language {
		case "sh":
			l.shell(b)
		case "go", "python", "js":
			l.program(b)
		case "json":
			if !json.Valid([]byte(b.text)) {
				l.Errorf("%s:%d is not JSON", b.file, b.line)
			}
		case "yaml":
			var read any
			if err := yaml.Unmarshal([]byte(b.text), &read); err != nil {
				l.Errorf("%s:%d is not YAML: %v", b.file, b.line, err)
			}
		case "", "text", "console", "mermaid":
			if regexp.MustCompile(`(?m)^\$? ?(oauth2d|curl|go|docker|kubectl|make) `).MatchString(b.text) && b.language != "console" {
				l.Errorf("%s:%d is code without a language", b.file, b.line)
			}
		default:
			l.Errorf("%s:%d: nobody knows how to run %q", b.file, b.line, b.language)
		}
	}
	if l.script.Len() > 0 {
		l.bash()
	}
}

// shell appends a block to the script for the terminal.
func (l *lesson) shell(b block) {
	l.Helper()
	if b.marker == markStops {
		l.stop()
	}
	text := l.change.Replace(b.text)
	fmt.Fprintf(&l.script, "echo '### %s:%d' >&2\n", b.file, b.line)
	if b.marker != markBackground {
		l.script.WriteString(text)
		return
	}
	fmt.Fprintf(&l.script, "exec 3>serve.log; %s >&3 2>&3 &\nSERVER=$!; trap 'kill $SERVER; wait $SERVER' EXIT\n", strings.TrimSpace(text))
	l.script.WriteString("for i in $(seq 200); do curl -sf -o ready.json \"http://$OAUTH2D_ADMIN_LISTEN/health/ready\" && break; sleep 0.1; done\n")
}

// bash pastes everything into one terminal, and signs in whenever a browser is needed.
func (l *lesson) bash() {
	l.Helper()
	commands := time.Duration(strings.Count(l.script.String(), "\n")) // each line may start a program
	ctx, cancel := context.WithTimeout(l.Context(), commands*patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", l.script.String())
	command.Dir, command.Env = l.dir, l.env
	said, printed := new(testkit.Log), new(testkit.Log)
	command.Stderr, command.Stdout = said, printed
	ended := make(chan error, 1)
	if err := command.Start(); err != nil {
		l.Fatal(err)
	}
	go func() { ended <- command.Wait() }()
	asked := regexp.MustCompile(`http\S+/authorize\?\S+\n`)
	signIns := 0
	for {
		if found := asked.FindAllString(said.String(), -1); len(found) > signIns {
			l.signIn(strings.TrimSpace(found[signIns]))
			signIns++
		}
		select {
		case err := <-ended:
			if err != nil {
				l.Fatalf("%v\nscript:\n%s\nsaid:\n%s\nprinted:\n%s\nserver:\n%s", err, l.script.String(), said, printed, l.file("serve.log"))
			}
			l.expect(printed.String(), signIns)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// signIn signs in as the person at the browser.
func (l *lesson) signIn(address string) {
	l.Helper()
	person := testkit.NewPerson(l.T)
	if l.second {
		person.Name, person.Password = "ada", "correct horse battery staple"
	}
	back := person.Authorize(l.T, address).Location
	request, err := http.NewRequestWithContext(l.Context(), http.MethodGet, back, http.NoBody)
	if err != nil {
		l.Fatal(err)
	}
	if got := testkit.Do(l.T, request); !strings.Contains(got.Raw, "You are signed in") {
		l.Errorf("the browser ends on:\n%s", got.Raw)
	}
}

// expect compares the output with the output that the documents show.
func (l *lesson) expect(printed string, signIns int) {
	l.Helper()
	promises := map[string][]string{
		"quickstart.md":     {`"active":true`, "200\n" + `{"active":false}`, `"id_token"`, `"refresh_token"`, "  ada  ", `"token_endpoint":"http://`, "oauth2d_build_info"},
		"integration.md":    {`"active":true`},
		"README.md":         {`"access_token":"`},
		"admin.md":          {`"clients":`},
		"audit.md":          {"request.refused"},
		"cannot-sign-in.md": {"request.refused", "ada"},
		"profiling.md":      {"Type: cpu", "Type: inuse_space", "Type: goroutine", "runtime.main"},
	}
	document := filepath.Base(l.Name())
	for _, promise := range promises[document] {
		if !strings.Contains(printed, promise) {
			l.Errorf("not a word of %q in:\n%s", promise, printed)
		}
	}
	if document == "quickstart.md" && signIns != 2 {
		l.Errorf("the quick start signs somebody in %d times", signIns)
	}
}

func (l *lesson) file(name string) string {
	raw, _ := os.ReadFile(filepath.Join(l.dir, name)) // the file may not exist
	return string(raw)
}

// program runs a block that is a complete program.
func (l *lesson) program(b block) {
	l.Helper()
	how := map[string]struct {
		file string
		args []string
	}{
		"go": {"main.go", []string{"go", "run"}}, "python": {"program.py", []string{"python3"}}, "js": {"program.mjs", []string{"node"}},
	}[b.language]
	file := filepath.Join(l.dir, how.file)
	if err := os.WriteFile(file, []byte(l.change.Replace(b.text)), 0o600); err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.Context(), 3*patience)
	defer cancel()
	command := exec.CommandContext(ctx, how.args[0], append(how.args[1:], file)...) //nolint:gosec // G204: of the table above
	if b.language != "go" {
		command.Dir = l.dir // a Go program uses the versions of the module
	}
	out, err := command.CombinedOutput()
	if err != nil || len(out) == 0 {
		l.Errorf("%s:%d: %v\n%s", b.file, b.line, err, out)
	}
}

// parse checks the examples of the command line's reference against the binary: it must know every command and flag of
// them. The tests of the commands check what they do.
func (l *lesson) parse(blocks []block) {
	l.Helper()
	l.tool("checked", `"`+filepath.Join(l.dir, "build", "oauth2d")+`" "$@" --help > help.txt || { echo "wrong: oauth2d $*" >&2; exit 1; }`)
	commands := regexp.MustCompile(`\boauth2d [^|)<>#\n]*`)
	for _, b := range blocks {
		if b.language != "sh" || strings.HasPrefix(b.marker, markNotRun) {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", "")) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for _, found := range commands.FindAllString(line, -1) {
				fmt.Fprintf(&l.script, "# %s:%d\nchecked %s\n", b.file, b.line, strings.TrimPrefix(found, "oauth2d "))
			}
		}
	}
	l.bash()
}
