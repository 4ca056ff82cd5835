package internal_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shipped are the sources of what runs in production.
func shipped(t *testing.T) []source {
	t.Helper()
	return slices.DeleteFunc(sources(t), func(s source) bool { return s.test() || within(s.room, support) })
}

// calls returns every call of a method or function with one of these names.
func calls(s source, names ...string) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			name = f.Sel.Name
		case *ast.Ident:
			name = f.Name
		}
		if slices.Contains(names, name) {
			found = append(found, call)
		}
		return true
	})
	return found
}

// No regular expression ever meets what a request holds. These files read what an operator wrote.
func TestH09_NoRegularExpressionsOnRequests(t *testing.T) {
	t.Parallel()
	operators := []string{"internal/config/environ.go", "internal/http/page/messages.go"}
	for _, s := range shipped(t) {
		if slices.Contains(s.imports(), "regexp") && !slices.Contains(operators, s.name) {
			t.Errorf("%s imports regexp: take the text apart by hand, as its neighbours do", s.name)
		}
	}
}

// Whatever Redis executes was written by us: scripts are files in the binary, named by literals.
func TestS04_ScriptsAreConstants(t *testing.T) {
	t.Parallel()
	for _, s := range shipped(t) {
		if !strings.HasPrefix(s.room, "internal/redis/") {
			continue
		}
		for _, call := range calls(s, "script") {
			if literal, ok := call.Args[0].(*ast.BasicLit); !ok || literal.Kind != token.STRING {
				t.Errorf("%s: a script is named by more than a literal", s.name)
			}
		}
		for _, call := range calls(s, "NewScript", "Script") {
			one := s.name == "internal/redis/pipeline/script.go" // reads the embedded file
			if name, ok := call.Args[0].(*ast.Ident); !one && (!ok || !constant(s, name.Name)) {
				t.Errorf("%s: the source of a script is no constant", s.name)
			}
		}
		for _, call := range calls(s, "Eval", "EvalRO") {
			if _, ok := call.Args[1].(*ast.SelectorExpr); !ok {
				t.Errorf("%s: EVAL of a text that is put together", s.name)
			}
		}
	}
	files, err := filepath.Glob("redis/*/lua/*.lua")
	parts, partsErr := filepath.Glob("redis/*/lua/shared/*.lua")
	if err != nil || partsErr != nil || len(files) == 0 || len(parts) == 0 {
		t.Fatalf("no scripts: %v, %v", err, partsErr)
	}
	files = append(files, parts...)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"load(", "loadstring", "dofile", "setfenv", "'KEYS'", "'SCAN'", "'EVAL", "'SELECT'"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s holds %s", name, word)
			}
		}
	}
}

// constant reports whether a file declares a name as a constant or an embedded text.
func constant(s source, name string) bool {
	found := false
	ast.Inspect(s.file, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok {
			return true
		}
		embedded := decl.Doc != nil && strings.HasPrefix(decl.Doc.List[len(decl.Doc.List)-1].Text, "//go:embed ")
		for _, spec := range decl.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok && value.Names[0].Name == name {
				found = found || decl.Tok == token.CONST || embedded
			}
		}
		return true
	})
	return found
}

// countsWithoutPattern reports whether a call is one of the two SCANs of the repository: they count keys, or look for those
// that a restored archive does not have, and their pattern is empty.
func countsWithoutPattern(name string, call *ast.CallExpr) bool {
	if name != "internal/redis/probe/records.go" && name != "internal/redis/snapshot/target.go" || len(call.Args) != 4 {
		return false
	}
	pattern, ok := call.Args[2].(*ast.BasicLit)
	return ok && pattern.Value == `""`
}

// Nobody looks for keys by a pattern: what stands in one could be a person's name.
func TestS02_NoPatternsOnKeys(t *testing.T) {
	t.Parallel()
	for _, s := range shipped(t) {
		if !strings.HasPrefix(s.room, "internal/redis/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && slices.Contains([]string{"keys", "scan", "psubscribe"}, strings.ToLower(text)) {
				t.Errorf("%s sends %s", s.name, literal.Value)
			}
			return true
		})
		for _, call := range calls(s, "Keys", "Scan", "ScanType", "PSubscribe", "HScan", "ZScan", "SScan") {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && !countsWithoutPattern(s.name, call) {
				if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "maps" {
					t.Errorf("%s calls %s", s.name, sel.Sel.Name)
				}
			}
		}
	}
}

// A caller that guesses a secret learns nothing from how long a comparison takes: these functions compare
// by constant time, and by nothing else.
func TestC15_T07_SecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	for where, by := range map[string]string{
		"internal/oauth/credential.go ProvenBy":             "ConstantTimeCompare",
		"internal/oauth/credential.go OpenCredential":       "Equal",
		"internal/secret/mac.go Equal":                      "Equal",
		"internal/secret/hasher.go Verify":                  "Equal",
		"internal/http/page/csrf.go check":                  "Equal",
		"internal/oauth/token.go Owns":                      "ConstantTimeCompare",
		"internal/authorize/continuation.go Resume":         "Owns",
		"internal/signin/continuation.go Resume":            "Owns",
		"internal/registry/secrets.go matchesDigest":        "Equal",
		"internal/registry/hash_cache.go entry":             "MAC",      // looked up by it, never by the secret
		"internal/http/endpoint/callers.go self":            "Digest",   // two digests: how far they agree shows nothing
		"internal/oauth/revocation.go SessionRefOf":         "DigestAt", // its name in the store
		"internal/token/opaque.go parseOpaque":              "DigestAt", // likewise
		"internal/granttype/authorization_code.go Exchange": "OpenCredential",
		"internal/granttype/refresh_token.go Exchange":      "OpenCredential",
	} {
		t.Run(where, func(t *testing.T) {
			file, name, _ := strings.Cut(where, " ")
			body := function(t, file, name)
			if body == nil {
				t.Errorf("%s is gone: name here what compares now", where)
				return
			}
			if len(calls(source{file: &ast.File{Name: ast.NewIdent("x"), Decls: []ast.Decl{body}}}, by)) == 0 {
				t.Errorf("%s does not compare by %s", where, by)
			}
		})
	}
}

func function(t *testing.T, file, name string) *ast.FuncDecl {
	t.Helper()
	for _, s := range shipped(t) {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && s.name == file && f.Name.Name == name {
				return f
			}
		}
	}
	return nil
}

// S14: nothing that shows the inside of the process is served.
func TestS14_NoDebugPages(t *testing.T) {
	t.Parallel()
	for _, s := range shipped(t) {
		for _, imported := range s.imports() {
			if slices.Contains([]string{"net/http/pprof", "expvar", "golang.org/x/net/trace"}, imported) {
				t.Errorf("%s imports %s: it serves the inside of the process to every caller", s.name, imported)
			}
		}
	}
}

// A row that fails must not hide the rows after it: a loop over the rows of an attack test that can be left early,
// by continue or t.Fatal, runs each row as a subtest.
func TestEveryRowOfAnAttackTestIsASubtest(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !s.test() || !namesAnAttack(f.Name.Name) {
				continue
			}
			found++
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && runs(call) {
					return false // a row, and whatever it loops over
				}
				if loop, ok := n.(*ast.RangeStmt); ok && hidesRows(loop) {
					t.Errorf("%s: %s: a loop over rows that can be left early has no t.Run", s.name, f.Name.Name)
				}
				return true
			})
		}
	}
	if found < 100 {
		t.Errorf("only %d tests are named by an attack", found)
	}
}

// namesAnAttack reports whether a test is named by the id of an attack: a capital letter and two digits.
func namesAnAttack(test string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(test, "Test"), "_") {
		if len(part) == 3 && part[0] >= 'A' && part[0] <= 'Z' && part[1] >= '0' && part[1] <= '9' && part[2] >= '0' && part[2] <= '9' {
			return strings.HasPrefix(test, "Test")
		}
	}
	return false
}

func runs(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && f.Sel.Name == "Run"
}

// hidesRows reports whether a loop over a list that is written out can be left before the last row.
func hidesRows(loop *ast.RangeStmt) bool {
	early, subtests := false, false
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BranchStmt:
			early = early || n.Tok == token.CONTINUE
		case *ast.CallExpr:
			subtests = subtests || runs(n)
			if f, ok := n.Fun.(*ast.SelectorExpr); ok {
				early = early || f.Sel.Name == "Fatal" || f.Sel.Name == "Fatalf"
			}
		}
		return true
	})
	_, rows := loop.X.(*ast.CompositeLit)
	return rows && early && !subtests
}
