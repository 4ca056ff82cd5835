package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The scrape configuration that compose makes is valid, asks every node of compose.yaml, and leaves the cache out.
func TestComposeScrapesEveryNode(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../compose/monitoring.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs("../prometheus/rules")
	if err != nil {
		t.Fatal(err)
	}
	render := exec.Command("../prometheus/bin/render-config.sh", "../prometheus/prometheus.yaml")
	render.Env = os.Environ()
	fallback := regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)
	for name, value := range file.Services["prometheus"].Environment {
		value = strings.Replace(fallback.ReplaceAllString(value, "$1"), "/deploy/prometheus/rules", rules, 1)
		render.Env = append(render.Env, name+"="+value)
	}
	out, err := render.Output()
	if err != nil {
		t.Fatalf("%v %s", err, render.Env)
	}
	for _, want := range []string{
		"'10.89.91.10:9090'", "rediss://10.89.90.11:6379", "rediss://10.89.90.13:6379", "rediss://10.89.90.21:26379", "rediss://10.89.90.23:26379",
		"replacement: 'redis-exporter:9121'", "replacement: 'sentinel-exporter:9121'", "'alertmanager:9093'",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "job_name: oauth2d-cache") || regexp.MustCompile(`(?m)^[^#\n]*127\.0\.0\.1`).Match(out) {
		t.Errorf("an address of another installation is left in\n%s", out)
	}
	rendered := filepath.Join(t.TempDir(), "prometheus.yaml")
	if err := os.WriteFile(rendered, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if problems, err := exec.Command("promtool", "check", "config", rendered).CombinedOutput(); err != nil { //nolint:gosec // a file of the test
		t.Errorf("%v\n%s", err, problems)
	}
}
