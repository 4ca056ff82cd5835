package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown is a command of the page with the output that the page shows.
type shown struct{ command, output string }

// runsFirst marks the block of a page that brings about what the page is for.
const runsFirst = "<!-- run: first -->"

// notRun marks a block that is not run, with the reason.
const notRun = `^<!-- not run: .{10,} -->$`

// transcripts returns the commands of the console blocks of a page, in the order in which they are run. A block of another
// kind must bear a mark with the reason why it is not run.
func transcripts(t *testing.T, file string) []shown {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var first, rest []shown
	marks := regexp.MustCompile(notRun)
	for _, block := range regexp.MustCompile("(?s)\n([^\n]*)\n```([a-z]*)\n(.*?\n)```\n").FindAllStringSubmatch(string(page), -1) {
		mark, language, text := block[1], block[2], block[3]
		switch {
		case marks.MatchString(mark), language == "mermaid":
			continue
		case language != "console":
			t.Errorf("%s: this block is neither a transcript nor marked as not run:\n%s", file, text)
			continue
		}
		var commands []shown
		for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(text, -1)[1:] {
			command, output, _ := strings.Cut(part, "\n")
			commands = append(commands, shown{command, output})
		}
		if mark == runsFirst {
			first = append(first, commands...)
		} else {
			rest = append(rest, commands...)
		}
	}
	return append(first, rest...)
}

// plain replaces what differs from one run to the next: numbers, secrets, the width of columns.
func plain(text string) string {
	text = regexp.MustCompile(`[A-Za-z0-9_-]{38,43}`).ReplaceAllString(text, "SECRET")
	text = regexp.MustCompile(`\b(s_|es256-)[A-Za-z0-9_-]{8,16}`).ReplaceAllString(text, "$1")
	text = regexp.MustCompile(`\b\d+[smhd]\b( ago)?|\bnow\b`).ReplaceAllString(text, "0")
	text = regexp.MustCompile(`\d+(\.\d+)*`).ReplaceAllString(text, "#")
	text = regexp.MustCompile(`# (B|KiB|MiB)\b`).ReplaceAllString(text, "SIZE")
	return regexp.MustCompile(`[ :#]*#[ :#]*| +`).ReplaceAllString(text, " ")
}

// The examples of docs/scripts.md and of the scenarios in docs/runbooks are run in their order, each page on a Sentinel
// group of its own, and print what the page shows; "..." stands for any lines.
func TestDocs(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil || len(pages) < 4 {
		t.Fatal(pages, err)
	}
	for _, page := range append(pages, "../../docs/scripts.md", "../../docs/monitoring.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			if strings.Contains(page, "runbooks") { // the other pages begin with it
				r.run("deploy/scripts/deploy --local")
			}
			r.follow(page)
		})
	}
}

// reader pastes the commands of a page into a terminal, in a folder with nothing but deploy.
type reader struct {
	*testing.T
	dir, local string
	environ    []string
	addresses  *strings.Replacer // of the page to those of this test
}

func newReader(t *testing.T) *reader {
	t.Helper()
	daemon, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(13)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{T: t, dir: t.TempDir()}
	r.local = filepath.Join(r.dir, "build", "local")
	if err := os.Symlink(filepath.Join(root, "deploy"), filepath.Join(r.dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	r.environ = append(os.Environ(), "LOCAL_DIR="+r.local, "LOCAL_BINARY="+daemon, "HA_REDIS_PORTS="+strings.Join(ports[:3], " "),
		"HA_SENTINEL_PORTS="+strings.Join(ports[3:6], " "), "OAUTH2D_SERVER_LISTEN=127.0.0.1:"+ports[6], "OAUTH2D_ADMIN_LISTEN=127.0.0.1:"+ports[7],
		"MONITORING_PORTS="+strings.Join(ports[8:], " "))
	r.addresses = strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:"+ports[6], "127.0.0.1:9090", "127.0.0.1:"+ports[7])
	t.Cleanup(func() { r.run("deploy/scripts/cleanup --local --delete-data --yes") })
	return r
}

// run returns what a command prints. Some fail on purpose.
func (r *reader) run(command string) string {
	cmd := exec.Command("bash", "-c", "exec 2>&1; "+r.addresses.Replace(command)) //nolint:gosec // a command of the page
	cmd.Dir, cmd.Env = r.dir, r.environ
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// follow runs the commands of a page.
func (r *reader) follow(page string) {
	r.Helper()
	examples := transcripts(r.T, page)
	if len(examples) < 4 {
		r.Fatalf("%d examples", len(examples))
	}
	for _, one := range examples {
		got := r.run(one.command)
		want := regexp.QuoteMeta(plain(one.output))
		want = regexp.MustCompile(`(?m)^\\\.\\\.\\\.\n`).ReplaceAllString(want, `(?s:.*)`)
		if !regexp.MustCompile("^" + want + "$").MatchString(plain(got)) {
			r.Errorf("%s\nprints\n%s\nand not, as the page says,\n%s", one.command, got, one.output)
		}
	}
}

// Each command of the alerts' runbooks succeeds on an installation that is well, or bears the reason why it is not run. The
// same command stands in many sections and is run once.
func TestCommandsOfTheRunbooks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	marks := regexp.MustCompile(notRun)
	for _, block := range regexp.MustCompile("(?s)\n([^\n]*)\n```([a-z]*)\n(.*?\n)```\n").FindAllStringSubmatch(string(page), -1) {
		if marks.MatchString(block[1]) || block[2] == "mermaid" {
			continue
		}
		if block[2] != "sh" {
			t.Errorf("docs/runbooks.md: this block is neither sh nor marked as not run:\n%s", block[3])
		}
		for command := range strings.Lines(strings.ReplaceAll(block[3], "\\\n", " ")) {
			if !slices.Contains(commands, command) && !strings.HasPrefix(command, "#") {
				commands = append(commands, command)
			}
		}
	}
	if len(commands) < 30 {
		t.Fatalf("%d commands", len(commands))
	}
	r := newReader(t)
	r.run("deploy/scripts/deploy --local")
	for _, command := range commands {
		if out := r.run("set -euo pipefail; " + strings.TrimSpace(command) + "\necho it succeeded"); !strings.HasSuffix(out, "it succeeded\n") {
			t.Errorf("docs/runbooks.md: %s\n%s", command, out)
		}
	}
}
