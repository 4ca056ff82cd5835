package internal_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

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
