package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// loaded is a dashboard as it is in the file: what Grafana reads, and not what the code means.
type loaded struct {
	file string
	raw  string
	model
}

func load(t *testing.T) []loaded {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*.json"))
	if err != nil || len(names) != 5 {
		t.Fatalf("%d dashboards, want 5: %v %v", len(names), names, err)
	}
	var found []loaded
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		one := loaded{file: filepath.Base(name), raw: string(raw)}
		if err := json.Unmarshal(raw, &one.model); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found = append(found, one)
	}
	return found
}

// views returns the panels with data.
func (l loaded) views() []panel {
	return slices.DeleteFunc(slices.Clone(l.Panels), func(p panel) bool { return p.Type == "row" })
}

// expand replaces the variables as Grafana would with everything chosen. Other names stay as they are.
func expand(expr string) string {
	values := map[string]string{"__rate_interval": "1m", "instance": ".*", "client": ".*", "node": ".*"}
	return regexp.MustCompile(`\$\w+`).ReplaceAllStringFunc(expr, func(found string) string {
		if value, known := values[found[1:]]; known {
			return value
		}
		return found
	})
}

// The files are those that the code makes.
func TestDashboardsAreUpToDate(t *testing.T) {
	t.Parallel()
	if err := run(root, true); err != nil {
		t.Error(err)
	}
}

// Every panel is of a kind that Grafana still has, says what it shows, and has a unit; ids are unique.
func TestDashboardsAreComplete(t *testing.T) {
	t.Parallel()
	kinds := []string{"stat", "timeseries", "bargauge", "table"} // not graph, singlestat, table-old: Grafana 11 has removed them
	uids := map[string]string{}
	for _, d := range load(t) {
		if uids[d.UID] != "" || d.UID == "" || !strings.HasPrefix(d.Title, "oauth2d / ") || len(d.Description) < 40 {
			t.Errorf("%s: uid %q (also in %q), title %q, description %q", d.file, d.UID, uids[d.UID], d.Title, d.Description)
		}
		uids[d.UID] = d.file
		if strings.Contains(d.raw, `"datasource":"`) || strings.Contains(d.raw, `"datasource": "`) || strings.Contains(d.raw, `"rows"`) {
			t.Errorf("%s: the form of data sources or rows is one of older Grafana", d.file)
		}
		ids, titles := map[int]bool{}, map[string]bool{}
		section := ""
		for _, p := range d.Panels {
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: two panels have the id %d", d.file, p.ID)
			}
			ids[p.ID] = true
			if p.Type == "row" {
				section = p.Title
				continue
			}
			if titles[section+p.Title] || p.Title == "" {
				t.Errorf("%s: %q is twice in %q", d.file, p.Title, section)
			}
			titles[section+p.Title] = true
			if !slices.Contains(kinds, p.Type) {
				t.Errorf("%s: %q is of the kind %q", d.file, p.Title, p.Type)
			}
			if len(p.Description) < 15 || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: %q has the description %q", d.file, p.Title, p.Description)
			}
			if p.FieldConfig == nil || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
				t.Errorf("%s: %q has no unit or no query", d.file, p.Title)
			}
			if p.GridPos.X+p.GridPos.W > gridWidth || p.GridPos.W == 0 || p.GridPos.H == 0 {
				t.Errorf("%s: %q is at %+v", d.file, p.Title, p.GridPos)
			}
		}
	}
}

// No two panels of a dashboard cover one another.
func TestPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()
	for _, d := range load(t) {
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			for x := range p.GridPos.W {
				for y := range p.GridPos.H {
					at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
					if taken[at] != "" {
						t.Fatalf("%s: %q covers %q", d.file, p.Title, taken[at])
					}
					taken[at] = p.Title
				}
			}
		}
	}
}

// Every dashboard lets people choose the data source and the server, and those with series of clients the client. Each
// variable is used, and each that is used exists.
func TestVariables(t *testing.T) {
	t.Parallel()
	for _, d := range load(t) {
		var names []string
		for _, v := range d.Templating.List {
			names = append(names, v.Name)
			if v.Name != "datasource" && (!v.IncludeAll || !v.Multi || v.Definition == "") {
				t.Errorf("%s: the variable %s does not allow a choice of all or several", d.file, v.Name)
			}
			if !strings.Contains(d.raw, "$"+v.Name) && !strings.Contains(d.raw, "${"+v.Name+"}") {
				t.Errorf("%s: the variable %s is not used", d.file, v.Name)
			}
		}
		wanted := []string{"datasource", "instance"}
		if strings.Contains(d.raw, "caller=~") {
			wanted = append(wanted, "client")
		}
		for _, name := range wanted {
			if !slices.Contains(names, name) {
				t.Errorf("%s: the variable %s is missing", d.file, name)
			}
		}
		for _, p := range d.views() {
			for _, q := range p.Targets {
				if left := regexp.MustCompile(`\$\{?\w+`).FindString(expand(q.Expr)); left != "" {
					t.Errorf("%s: %q uses %s, which is not a variable", d.file, p.Title, left)
				}
				if strings.Contains(q.Expr, "oauth2d_") && !strings.Contains(q.Expr, "$instance") {
					t.Errorf("%s: %q ignores the variable instance: %s", d.file, p.Title, q.Expr)
				}
				if q.Datasource.UID != "${datasource}" {
					t.Errorf("%s: %q asks %q", d.file, p.Title, q.Datasource.UID)
				}
			}
		}
	}
}

// Every query is PromQL: promtool reads them all as rules.
func TestEveryExpressionParses(t *testing.T) {
	t.Parallel()
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, d := range load(t) {
		for _, p := range d.views() {
			for _, q := range p.Targets {
				rules = append(rules, rule{"dashboard:query", expand(q.Expr)})
			}
		}
		for _, a := range d.Annotations.List {
			rules = append(rules, rule{"dashboard:annotation", a.Expr})
		}
	}
	raw, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboards", "rules": rules}}}) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("promtool", "check", "rules", "--lint=none", file).CombinedOutput() //nolint:gosec // a file of the test
	if err != nil || len(rules) < 100 {
		t.Errorf("%d queries: %v\n%s", len(rules), err, out)
	}
	t.Logf("%d queries of %d dashboards", len(rules), len(load(t)))
}
