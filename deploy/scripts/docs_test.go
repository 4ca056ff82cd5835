package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown is a command of the page with the output that the page shows.
type shown struct{ command, output string }

// transcripts returns the commands of the console blocks of a page.
func transcripts(t *testing.T, name string) []shown {
	t.Helper()
	page, err := os.ReadFile("../../docs/" + name) //nolint:gosec // a page of the project
	if err != nil {
		t.Fatal(err)
	}
	var all []shown
	for _, block := range regexp.MustCompile("(?s)\n```console\n(.*?\n)```\n").FindAllStringSubmatch(string(page), -1) {
		for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(block[1], -1)[1:] {
			command, output, _ := strings.Cut(part, "\n")
			all = append(all, shown{command, output})
		}
	}
	return all
}

// plain replaces what differs from one run to the next: numbers, secrets, the width of columns.
func plain(text string) string {
	text = regexp.MustCompile(`[A-Za-z0-9_-]{43}`).ReplaceAllString(text, "SECRET")
	text = regexp.MustCompile(`\d+(\.\d+)*`).ReplaceAllString(text, "#")
	text = regexp.MustCompile(`# (B|KiB|MiB)\b`).ReplaceAllString(text, "SIZE")
	return regexp.MustCompile(`[ :#]*#[ :#]*| +`).ReplaceAllString(text, " ")
}

// The examples of these pages are run in their order and print what the page shows; "..." stands for any lines.
func TestDocs(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"scripts.md": 10, "monitoring.md": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runExamples(t, name, least)
		})
	}
}

// runExamples runs the examples of a page, of which there are at least so many.
func runExamples(t *testing.T, name string, least int) {
	t.Helper()
	daemon, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(13)
	if err != nil {
		t.Fatal(err)
	}
	local := filepath.Join(t.TempDir(), "local")
	environ := append(os.Environ(), "LOCAL_DIR="+local, "LOCAL_BINARY="+daemon, "HA_REDIS_PORTS="+strings.Join(ports[:3], " "),
		"HA_SENTINEL_PORTS="+strings.Join(ports[3:6], " "), "OAUTH2D_SERVER_LISTEN=127.0.0.1:"+ports[6], "OAUTH2D_ADMIN_LISTEN=127.0.0.1:"+ports[7],
		"MONITORING_PORTS="+strings.Join(ports[8:], " "))
	run := func(command string) string {
		cmd := exec.Command("bash", "-c", "exec 2>&1; "+command) //nolint:gosec // a command of the page
		cmd.Dir, cmd.Env = "../..", environ
		out, _ := cmd.CombinedOutput() // some examples fail on purpose
		return strings.ReplaceAll(string(out), local, "build/local")
	}
	t.Cleanup(func() { run("deploy/scripts/cleanup --local --delete-data --yes") })
	examples := transcripts(t, name)
	if len(examples) < least {
		t.Fatalf("%d examples", len(examples))
	}
	for _, one := range examples {
		got := run(one.command)
		want := regexp.QuoteMeta(plain(one.output))
		want = regexp.MustCompile(`(?m)^\\\.\\\.\\\.\n`).ReplaceAllString(want, `(?s:.*)`)
		if !regexp.MustCompile("^" + want + "$").MatchString(plain(got)) {
			t.Errorf("%s\nprints\n%s\nand not, as the page says,\n%s", one.command, got, one.output)
		}
	}
}
