package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// kubeconfig names a cluster that does not answer.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: none, context: {cluster: none, user: nobody}}]
current-context: none
`

// The real kubectl and Helm, where they are installed, take every printed command: it fails because no cluster answers,
// and not because a flag or a word is unknown.
func TestCommandsAreUnderstood(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(config, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "KUBECONFIG="+config, "OAUTH2D_ISSUER=https://auth.example.com", "DEPLOY_TARGET=kubernetes", "master=127.0.0.1:6379")
	lines := map[string]bool{}
	for _, name := range append(names(t), "cleanup --delete-data") {
		words := strings.Fields(name)
		if name == "cli" {
			words = append(words, "--", "version")
		}
		cmd := exec.Command("./"+words[0], append([]string{"--dry-run"}, words[1:]...)...) //nolint:gosec // a script of this folder
		cmd.Env = environ
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for line := range strings.Lines(string(out)) {
			lines[strings.TrimSpace(line)] = !strings.HasPrefix(line, "master=")
		}
	}
	refused := regexp.MustCompile(`(?i)connection refused|was refused|unreachable`)
	tried := 0
	for line, wanted := range lines {
		program, _, _ := strings.Cut(line, " ")
		if _, err := exec.LookPath(program); err != nil || !wanted {
			continue
		}
		tried++
		cmd := exec.Command("timeout", "60", "bash", "-c", line) //nolint:gosec // a command that is shown to people to be pasted
		cmd.Env = environ
		if out, err := cmd.CombinedOutput(); err == nil || !refused.Match(out) {
			t.Errorf("%s\n%v: %s", line, err, out)
		}
	}
	t.Logf("%d of %d commands were tried", tried, len(lines))
}
