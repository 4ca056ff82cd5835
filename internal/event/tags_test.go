package event_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"testing"
)

// Every field of every event has the name under which the audit log records it, so that renaming a field in
// Go does not change the format of the log.
func TestEveryFieldOfAnEventHasItsAuditName(t *testing.T) {
	t.Parallel()
	form, fields := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`), 0
	for _, name := range []string{"events.go", "anomalies.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			field, is := n.(*ast.Field)
			if !is || len(field.Names) == 0 || !field.Names[0].IsExported() {
				return true
			}
			fields++
			tag := ""
			if field.Tag != nil {
				text, _ := strconv.Unquote(field.Tag.Value)
				tag = reflect.StructTag(text).Get("audit")
			}
			if len(field.Names) != 1 || !form.MatchString(tag) {
				t.Errorf("%s: %s has the audit name %q", name, field.Names[0].Name, tag)
			}
			return true
		})
	}
	if fields < 60 {
		t.Errorf("looked at %d fields", fields)
	}
}
