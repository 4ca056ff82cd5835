package internal_test

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// docs/acknowledgement.md numbers the invariants of the acknowledgement rule. The code cites each of them where it holds
// it, and no other.
func TestInvariantsAreCited(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/acknowledgement.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, entry := range regexp.MustCompile(`(?m)^- \*\*(I\d+)\. `).FindAllStringSubmatch(string(page), -1) {
		listed[entry[1]] = true
	}
	if len(listed) == 0 {
		t.Fatal("the page lists no invariant")
	}
	citation := regexp.MustCompile(`\(I\d+(?:, I\d+)*\)|\bI\d+:`)
	number := regexp.MustCompile(`I\d+`)
	cited := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || !strings.HasPrefix(s.room, "internal/redis/") {
			continue
		}
		for _, group := range s.file.Comments {
			for _, found := range citation.FindAllString(group.Text(), -1) {
				for _, name := range number.FindAllString(found, -1) {
					cited[name] = true
					if !listed[name] {
						t.Errorf("%s cites %s, which docs/acknowledgement.md does not list", s.name, name)
					}
				}
			}
		}
	}
	for name := range listed {
		if !cited[name] {
			t.Errorf("no comment below internal/redis cites %s as (%s): say where the code holds it, or drop it from docs/acknowledgement.md", name, name)
		}
	}
}

// The names that a question to the audit log may have are those that the code records.
func TestF_N05_EveryEventHasItsNameInTheList(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	var used []string
	for _, s := range sources(t) {
		if s.test() || s.room != "internal/event" && s.room != "internal/admin" || s.name == "internal/event/names.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if name, err := strconv.Unquote(text.Value); err == nil && form.MatchString(name) {
					used = append(used, name)
				}
			}
			return true
		})
	}
	slices.Sort(used)
	used = slices.Compact(used)
	if listed := event.Names(); !slices.Equal(listed, used) {
		t.Errorf("event.Names lists\n%q\nthe code records\n%q", listed, used)
	}
}
