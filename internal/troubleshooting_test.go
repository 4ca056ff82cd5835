package internal_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
)

// wild stands in a message for what the program puts in at run time.
const wild = "\x00"

// message is a text that the program can print, with wild for its variable parts.
type message struct{ at, text string }

// messageSources are the packages whose errors end a start or are a finding of doctor.
func messageSources() []string {
	return []string{"app", "cli/doctor", "config", "http/server", "keyring", "redis/probe", "redis/redisconn", "redis/redisdial", "smallfile", "tracing"}
}

// textOf returns the text of an expression, with wild for what only the run shows.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.CallExpr:
		switch name := callee(e); {
		case (name == "fmt.Errorf" || name == "fmt.Sprintf") && len(e.Args) > 0:
			return filled(textOf(e.Args[0]))
		case name == "errors.New":
			return textOf(e.Args[0])
		}
	}
	return wild
}

// filled returns a format with wild for its verbs.
func filled(format string) string {
	format = regexp.MustCompile(`%[-+#0-9.\[\]]*[a-zA-Z]`).ReplaceAllString(format, wild)
	return strings.ReplaceAll(format, "%%", "%")
}

// callee returns the name of a called function: "fmt.Errorf", "l.wrong.add", "refuse".
func callee(call *ast.CallExpr) string {
	return types.ExprString(call.Fun)
}

// messagesIn returns the messages of a file: its errors, the mistakes in settings, the findings of doctor.
func messagesIn(t *testing.T, name string) []message {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []message
	add := func(n ast.Node, text string) {
		if strings.Trim(text, wild+": ") != "" {
			all = append(all, message{files.Position(n.Pos()).String(), text})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch called := callee(n); {
			case called == "fmt.Errorf", called == "errors.New":
				add(n, textOf(n))
			case (strings.HasSuffix(called, "wrong.add") || called == "add") && len(n.Args) == 3:
				add(n, textOf(n.Args[0])+": "+textOf(n.Args[1]))
			case called == "refuse" && len(n.Args) == 2:
				add(n, wild+": "+textOf(n.Args[0]))
			case strings.HasSuffix(called, ".tell") && len(n.Args) >= 4 && !isName(n.Args[1], "Well"):
				add(n, filled(textOf(n.Args[3])))
			}
		case *ast.CompositeLit:
			if !isGood(n) {
				for _, field := range []string{"Found", "What"} {
					if value := fieldOf(n, field); value != nil {
						add(n, textOf(value))
					}
				}
			}
		case *ast.ReturnStmt: // the words for a state of health
			if len(n.Results) == 1 && strings.Count(textOf(n.Results[0]), " ") > 3 {
				add(n, textOf(n.Results[0]))
			}
		case *ast.KeyValueExpr:
			if s, ok := n.Key.(*ast.SelectorExpr); ok && isName(s.X, "outcome") { // why changes are refused
				add(n, textOf(n.Value))
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				s, ok := left.(*ast.SelectorExpr)
				if ok && (s.Sel.Name == "Found" || s.Sel.Name == "Detail") && len(n.Rhs) == len(n.Lhs) {
					add(n, textOf(n.Rhs[i]))
				}
			}
		}
		return true
	})
	return all
}

func isName(e ast.Expr, name string) bool {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name == name
	}
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// isGood reports whether a literal is a finding that all is well.
func isGood(n *ast.CompositeLit) bool {
	verdict := fieldOf(n, "Verdict")
	return verdict != nil && isName(verdict, "Well")
}

func fieldOf(n *ast.CompositeLit, name string) ast.Expr {
	for _, element := range n.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok && isName(pair.Key, name) {
			return pair.Value
		}
	}
	return nil
}

// unlisted are texts of the sources above that the page does not list, with the reason.
func unlisted() map[string]string {
	const wraps, later, caller = "puts a name before another message", "is no error of a start", "is an error of the calling program"
	return map[string]string{
		"issuer: *": wraps, "limits.*: *": wraps, "master_key: *": wraps, "master_key_previous: *": wraps, "master_key_previous[*]: *": wraps,
		"redis: *": wraps, "line *: *": wraps, "server.tls: *": wraps, "redis.tls: *": wraps, "server.trusted_proxies: *": wraps, "environment: *": wraps, "keys: *": wraps, "healthcheck: *": wraps,
		"*.*: no such setting": "is listed without the section", "too large": "is part of a longer message",
		"`oauth2d config schema` lists every setting": "is a hint", "write one of them, such as *": "is a hint",
		"a replica with two names": "is part of a longer message", "the data of another issuer": "is part of a longer message",
		"the data of a newer release": "is part of a longer message", "the data of too old a release": "is part of a longer message",
		"more than one value": "is replaced by the message of its caller",
		"a header line that ends in a bare LF or is continued": later, "the server did not answer": later, "*: no replica has it": later,
		"the sealed text is not valid": later, "the key ring has no MAC key": caller, "the key ring has no key for the algorithm *": caller,
	}
}

// entriesOf returns the messages that the page lists: the cells of its tables that are code and nothing else.
func entriesOf(page string) []string {
	var all []string
	for _, row := range regexp.MustCompile(`(?m)^\|.*\|$`).FindAllString(page, -1) {
		for _, cell := range strings.Split(strings.Trim(row, "|"), " | ")[:min(2, strings.Count(row, " | "))] {
			if found := regexp.MustCompile("^ ?`([^`]+)` ?$").FindStringSubmatch(cell); found != nil {
				all = append(all, found[1])
			}
		}
	}
	return all
}

// form matches a message with any values, whole or up to a colon or a hint, where a remedy begins.
type form struct {
	*regexp.Regexp
	literal int // how many bytes of it do not vary
}

func formsOf(text string) []form {
	text = strings.TrimPrefix(text, "redis: ")
	var all []form
	for i := range len(text) + 1 {
		known, whole := text[:i], i == len(text)
		cut := !whole && (strings.HasPrefix(text[i:], ": ") || strings.HasPrefix(text[i:], "; hint: "))
		n := len(strings.ReplaceAll(known, wild, ""))
		if !whole && (!cut || len(strings.Trim(known, wild+": ")) < 8) {
			continue
		}
		quoted := strings.ReplaceAll(regexp.QuoteMeta(known), wild, ".+")
		all = append(all, form{regexp.MustCompile(`^(?:[^ ]+: (?:"[^"]*" )?)?(?:line \d+: )?(?:redis: )?` + quoted + "$"), n})
	}
	return all
}

// plain returns the text without the name of the part that it is about.
func plain(m message) string { return strings.TrimPrefix(m.text, "redis: ") }

// known returns every message that the page has to list, without repetitions.
func known(t *testing.T) []message {
	t.Helper()
	var all []message
	reasons, used := unlisted(), map[string]bool{}
	add := func(m message) {
		name := strings.ReplaceAll(m.text, wild, "*")
		if reasons[name] != "" {
			used[name] = true
		} else if !slices.ContainsFunc(all, func(other message) bool { return plain(other) == plain(m) }) {
			all = append(all, m)
		}
	}
	for _, room := range messageSources() {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", room, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, m := range messagesIn(t, name) {
				add(m)
			}
		}
	}
	for name := range reasons {
		if !used[name] {
			t.Errorf("the program has no message %q: remove it from unlisted", name)
		}
	}
	for _, p := range []probe.Persistence{probe.PersistsNothing, probe.PersistsSnapshots, probe.PersistsUnknown} {
		add(message{"Persistence.Risk", p.Risk()})
	}
	raw, err := os.ReadFile("http/page/messages/en.json")
	var page map[string]string
	if err != nil || json.Unmarshal(raw, &page) != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`^(error\..+\.title|login\.(wrong|ended|problem|no_.*)|account\.(wrong|weak.*|same))$`)
	for key, text := range page {
		if shown.MatchString(key) {
			add(message{"en.json: " + key, regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(text, wild)})
		}
	}
	return all
}

// docs/troubleshooting.md lists every message of doctor, of the start, of health and of the error pages, and no other.
// An entry stands for the most specific message that it fits.
func TestTroubleshootingListsEveryMessage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	all := known(t)
	if len(all) < 150 {
		t.Fatalf("%d messages: the sources are no longer read", len(all))
	}
	forms := make([][]form, len(all))
	for i, m := range all {
		forms[i] = formsOf(m.text)
	}
	listed := make([]bool, len(all))
	for _, entry := range entriesOf(string(raw)) {
		best, most := -1, -1
		for i := range all {
			for _, f := range forms[i] {
				if f.literal > most && f.MatchString(entry) {
					best, most = i, f.literal
				}
			}
		}
		if best < 0 {
			t.Errorf("docs/troubleshooting.md lists %q, which the program does not print", entry)
			continue
		}
		listed[best] = true
	}
	for i, m := range all {
		if !listed[i] {
			t.Errorf("%s: docs/troubleshooting.md does not list %q", m.at, strings.ReplaceAll(m.text, wild, "…"))
		}
	}
}
