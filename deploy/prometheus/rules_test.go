// Package prometheus_test holds the alerts to the program, to their tests and to the runbooks.
package prometheus_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// rule is an alert or a recording rule.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

// rulesOf reads every rule file.
func rulesOf(t *testing.T) []rule {
	t.Helper()
	files, err := filepath.Glob("rules/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var all []rule
	for _, file := range files {
		var content struct {
			Groups []struct{ Rules []rule }
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &content); err != nil {
			t.Fatal(err)
		}
		for _, group := range content.Groups {
			all = append(all, group.Rules...)
		}
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name) //nolint:gosec // a file of the project
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every alert has a severity, a summary, a sentence about users, a section of the runbooks with symptom, check, remedy and
// commands, a promtool test in which it fires and one in which it does not. The runbooks have no section without an alert.
func TestEveryAlertIsDescribedAndTested(t *testing.T) {
	t.Parallel()
	runbooks, tested := read(t, "../../docs/runbooks.md"), ""
	files, _ := filepath.Glob("tests/*.yaml")
	for _, file := range files {
		tested += read(t, file)
	}
	sections := map[string]string{}
	for _, section := range strings.Split(runbooks, "\n### ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name], _, _ = strings.Cut(text, "\n## ")
	}
	alerts := 0
	for _, r := range rulesOf(t) {
		if r.Alert == "" {
			continue
		}
		alerts++
		link := "https://github.com/recipe-web-app/oauth2d/blob/main/docs/runbooks.md#" + strings.ToLower(r.Alert)
		for what, wrong := range map[string]bool{
			"its name does not begin with OAuth2d": !regexp.MustCompile(`^OAuth2d[A-Z]\w+$`).MatchString(r.Alert),
			"its severity is none of the three":    !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]),
			"it has no summary":                    r.Annotations["summary"] == "",
			"it does not say what users notice":    len(r.Annotations["description"]) < 20,
			"its runbook_url is not " + link:       r.Annotations["runbook_url"] != link,
			"no test fires it":                     !strings.Contains(tested, "'"+r.Alert+" fires"),
			"no test keeps it silent":              !strings.Contains(tested, "'"+r.Alert+" is silent"),
			"its section has no symptom":           !strings.Contains(sections[r.Alert], "**Symptom.**"),
			"its section has no check":             !strings.Contains(sections[r.Alert], "**Check.**"),
			"its section has no remedy":            !strings.Contains(sections[r.Alert], "**Remedy.**"),
			"its section has no command":           !strings.Contains(sections[r.Alert], "\n```sh\n"),
			"its section has another severity":     !strings.Contains(sections[r.Alert], "Severity: "+r.Labels["severity"]+"."),
		} {
			if wrong {
				t.Errorf("%s: %s", r.Alert, what)
			}
		}
		delete(sections, r.Alert)
	}
	for name := range sections {
		t.Errorf("docs/runbooks.md has a section %s, and there is no such alert", name)
	}
	if alerts < 30 {
		t.Errorf("%d alerts, want 30 at least", alerts)
	}
}

// Every figure that a rule uses is a metric of the program, of the exporter, of Go's runtime, or recorded by another
// rule. docs/metrics.md is compared with the program by a test of internal/metric; the exporter's names are those of
// prometheus-redis-exporter 1.45.
func TestRulesUseExistingFigures(t *testing.T) {
	t.Parallel()
	known := map[string]bool{
		"up": true, "process_cpu_seconds_total": true, "process_max_fds": true, "process_open_fds": true,
		"process_start_time_seconds": true, "go_sched_gomaxprocs_threads": true,
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(oauth2d_\\w+)`").FindAllStringSubmatch(read(t, "../../docs/metrics.md"), -1) {
		known[row[1]] = true
		if strings.HasSuffix(row[1], "_seconds") {
			known[row[1]+"_bucket"], known[row[1]+"_count"] = true, true
		}
	}
	for name := range strings.FieldsSeq(read(t, "testdata/exporter-metrics.txt")) {
		known[name] = true
	}
	rules := rulesOf(t)
	for _, r := range rules {
		if r.Record != "" {
			known[r.Record] = true
		}
	}
	name := regexp.MustCompile(`\b(?:oauth2d|redis|process|go)[_:][\w:]+|\bup\b`)
	quoted := regexp.MustCompile(`"[^"]*"`)
	for _, r := range rules {
		for _, used := range name.FindAllString(quoted.ReplaceAllString(r.Expr, `""`), -1) {
			if !known[used] {
				t.Errorf("%s%s uses %s, which nothing exposes", r.Alert, r.Record, used)
			}
		}
	}
}

// Every selector begins with the job, or with the namespace of a recorded figure: the chart narrows the rules to the
// namespace of a release by these texts. Aggregations keep the
// namespace, so that two installations are never summed up.
func TestRulesCanBeNarrowedToOneInstallation(t *testing.T) {
	t.Parallel()
	selector, by := regexp.MustCompile(`\{[^}]*\}`), regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	metric := regexp.MustCompile(`\b(?:(?:oauth2d|redis|process|go)_\w+|oauth2d:[\w:]+|up)\b[^\w:]`)
	for _, r := range rulesOf(t) {
		for _, one := range selector.FindAllString(r.Expr, -1) {
			if !strings.HasPrefix(one, `{job="oauth2d`) && !strings.HasPrefix(one, `{job=~"oauth2d`) && !strings.HasPrefix(one, `{namespace=~".*"`) {
				t.Errorf("%s%s: the selector %s does not begin with the job", r.Alert, r.Record, one)
			}
		}
		for _, one := range metric.FindAllString(r.Expr, -1) {
			if !strings.HasSuffix(one, "{") && !strings.Contains(r.Expr, `"`+one) {
				t.Errorf("%s%s: %s has no selector", r.Alert, r.Record, one)
			}
		}
		for _, one := range by.FindAllStringSubmatch(r.Expr, -1) {
			if !strings.HasPrefix(one[1], "namespace") {
				t.Errorf("%s%s: %s drops the namespace", r.Alert, r.Record, one[0])
			}
		}
	}
}
