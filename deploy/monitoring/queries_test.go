//go:build monitoring

package monitoring_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// dashboard is the part of a dashboard with queries.
type dashboard struct {
	Title  string
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// everyQuery asks what each panel asks, and what each alert compares.
func (c *chain) everyQuery(t *testing.T) {
	names, err := filepath.Glob(root + "/deploy/grafana/dashboards/*.json")
	if err != nil || len(names) != 5 {
		t.Fatal(names, err)
	}
	panels, queries, empty := 0, 0, 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			if len(p.Targets) > 0 {
				panels++
			}
			for _, q := range p.Targets {
				queries++
				expr := strings.NewReplacer("$__rate_interval", "10m", "$instance", ".*", "$client", ".*", "$node", ".*").Replace(q.Expr)
				if found, err := c.query(t.Context(), expr); err != nil || len(found) == 0 {
					empty++
					t.Errorf("%s: %q has no data: %v\n%s", d.Title, p.Title, err, expr)
				}
			}
		}
	}
	t.Logf("%d panels of %d dashboards: %d of %d queries return data", panels, len(names), queries-empty, queries)
	c.everyAlert(t)
}

// everyAlert asks for each series that the condition of an alert names: the condition itself has a value only while the
// alert fires.
func (c *chain) everyAlert(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(c.dir, "scaled", "prometheus", "rules", "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	selector := regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\{[^}]*\}|oauth2d:[a-z0-9_:]+|\b(?:ALERTS)\b`)
	alerts, series, empty := 0, 0, 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Groups []struct {
				Rules []struct{ Alert, Expr string }
			}
		}
		if err := yaml.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if r.Alert == "" {
					continue
				}
				alerts++
				if _, err := c.query(t.Context(), r.Expr); err != nil {
					t.Errorf("%s: %v", r.Alert, err)
				}
				for _, asked := range selector.FindAllString(r.Expr, -1) {
					series++
					if found, err := c.query(t.Context(), "last_over_time("+asked+"[1h])"); err != nil || len(found) == 0 {
						empty++
						t.Errorf("%s asks for a series that there is none of: %s %v", r.Alert, asked, err)
					}
				}
			}
		}
	}
	t.Logf("%d alerts: %d of %d series that they compare have data; the rules were evaluated until %s", alerts, series-empty, series, time.Now().Format(time.TimeOnly))
}
