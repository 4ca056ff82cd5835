package metric

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// rows lists the metrics of the registry: name, labels and meaning of each, as a row of docs/metrics.md.
func rows(t *testing.T) []string {
	t.Helper()
	m := New("test", oauth.Supported{})
	m.Watch(State{})
	found := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(found)
	close(found)
	form := regexp.MustCompile(`fqName: "(oauth2d_\w+)", help: "(.*?)", (?:unit: ".*", )?constLabels: \{\}, variableLabels: \{([^}]*)\}`)
	var rows []string
	for d := range found {
		if parts := form.FindStringSubmatch(d.String()); parts != nil {
			labels := strings.ReplaceAll(parts[3], ",", "`, `")
			if labels != "" {
				labels = "`" + labels + "`"
			}
			rows = append(rows, "| `"+parts[1]+"` | "+labels+" | "+parts[2]+" |")
		}
	}
	slices.Sort(rows)
	return rows
}

// The table in docs/metrics.md has exactly the rows of the registry.
func TestThePageIsFresh(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `oauth2d_") {
			there = append(there, strings.TrimSpace(line))
		}
	}
	slices.Sort(there)
	if want := rows(t); !slices.Equal(there, want) || len(want) < 20 {
		t.Errorf("docs/metrics.md is stale; its table must hold:\n%s", strings.Join(want, "\n"))
	}
}
