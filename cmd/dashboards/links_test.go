package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every metric of the daemon in a query is one of docs/metrics.md, with the labels that it has there.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(oauth2d_\\w+)` \\| (.*?) \\|").FindAllStringSubmatch(string(page), -1) {
		labels[row[1]] = regexp.MustCompile(`\w+`).FindAllString(row[2], -1)
	}
	selector := regexp.MustCompile(`(oauth2d_\w+)\{([^}]*)\}`)
	for _, d := range load(t) {
		for _, p := range d.views() {
			for _, q := range p.Targets {
				for _, found := range selector.FindAllStringSubmatch(q.Expr, -1) {
					name := strings.TrimSuffix(strings.TrimSuffix(found[1], "_bucket"), "_count")
					has, known := labels[name]
					if !known {
						t.Errorf("%s: %q asks for %s, which docs/metrics.md does not have", d.file, p.Title, found[1])
					}
					for _, matcher := range regexp.MustCompile(`(\w+)[!=]`).FindAllStringSubmatch(found[2], -1) {
						if !slices.Contains(append(has, "instance", "job", "le"), matcher[1]) {
							t.Errorf("%s: %q asks for the label %s of %s", d.file, p.Title, matcher[1], found[1])
						}
					}
				}
			}
		}
	}
}

// A link to a runbook leads to a section of the page, and names an alert that exists.
func TestRunbookLinks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "runbooks.md"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Glob(filepath.Join(root, "deploy", "prometheus", "rules", "*.yaml"))
	if err != nil || len(rules) == 0 {
		t.Fatal("no rules", err)
	}
	var alerts []string
	for _, name := range rules {
		raw, err := os.ReadFile(name) //nolint:gosec // a file of the project
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^ *- alert: (\w+)$`).FindAllStringSubmatch(string(raw), -1) {
			alerts = append(alerts, found[1])
		}
	}
	for _, d := range load(t) {
		links := 0
		for _, p := range d.views() {
			for _, l := range p.Links {
				links++
				alert := strings.TrimPrefix(l.Title, "Runbook: ")
				if !slices.Contains(alerts, alert) {
					t.Errorf("%s: %q names the alert %s, which does not exist", d.file, p.Title, alert)
				}
				if l.URL != runbooks+"#"+strings.ToLower(alert) || !regexp.MustCompile(`(?m)^#+ `+alert+`$`).Match(page) {
					t.Errorf("%s: %q links to %s, but docs/runbooks.md lacks that section", d.file, p.Title, l.URL)
				}
			}
		}
		if links < 5 {
			t.Errorf("%s: %d links to runbooks", d.file, links)
		}
	}
}
