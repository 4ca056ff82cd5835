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

// commandsOf returns the different command lines of the sh blocks of a page, in their order, apart from blocks that are
// marked as not run here, and the number of those.
func commandsOf(t *testing.T, page string) (lines []string, marked int) {
	t.Helper()
	text, err := os.ReadFile(page) //nolint:gosec // a page of the project
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)\n([^\n]*)\n```sh\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(block[1], "<!-- not run: ") {
			marked++
			continue
		}
		for line := range strings.Lines(block[2] + "\n") {
			if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines, marked
}

// Every command of the runbooks of the alerts runs on a real Sentinel group and succeeds; the same line occurs in many
// sections and runs once. Blocks that need a cluster or the machine of an installation say so.
func TestRunbookCommands(t *testing.T) {
	t.Parallel()
	daemon, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(8)
	if err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "LOCAL_DIR="+filepath.Join(t.TempDir(), "local"), "LOCAL_BINARY="+daemon,
		"HA_REDIS_PORTS="+strings.Join(ports[:3], " "), "HA_SENTINEL_PORTS="+strings.Join(ports[3:6], " "),
		"OAUTH2D_SERVER_LISTEN=127.0.0.1:"+ports[6], "OAUTH2D_ADMIN_LISTEN=127.0.0.1:"+ports[7])
	run := func(command string) (string, error) {
		cmd := exec.Command("bash", "-c", "exec 2>&1; "+command) //nolint:gosec // a command of the page
		cmd.Dir, cmd.Env = "../..", environ
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() { _, _ = run("deploy/scripts/cleanup --local --delete-data --yes") })
	if out, err := run("deploy/scripts/deploy --local"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines, marked := commandsOf(t, "../../docs/runbooks.md")
	if len(lines) < 20 || marked > 25 {
		t.Fatalf("%d commands, and %d blocks that are not run", len(lines), marked)
	}
	for _, line := range lines {
		if out, err := run(line); err != nil || strings.Contains(out, "NOPERM") || strings.Contains(out, "ERR ") {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	t.Logf("%d commands ran; %d blocks are marked as not run here", len(lines), marked)
}
