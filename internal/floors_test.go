package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/recipe-web-app/oauth2d/"

// floor is the house plan: a room imports only rooms on lower floors. Rooms on one floor do not
// know one another. docs/architecture.md shows the same plan as a drawing.
var floor = map[string]int{
	"cmd/oauth2d": 11,

	"internal/cli/target":      10,
	"internal/cli/importer":    10,
	"internal/cli/doctor":      10,
	"internal/cli/devmode":     10,
	"internal/cli/inspection":  10,
	"internal/cli/archive":     10,
	"internal/cli/credentials": 7,
	"internal/cli/clientflags": 7,
	"internal/cli/declaration": 7,
	"internal/cli/settings":    7,
	"internal/cli/console":     6,
	"internal/cli/command":     6,
	"internal/cli/exit":        5,
	"internal/cli/build":       1,

	"internal/app":            9,
	"internal/http/server":    8,
	"internal/redis/snapshot": 8,

	"internal/http/tokencheck":   5,
	"internal/http/adminapi":     7,
	"internal/redis/redisstore":  7,
	"internal/redis/serverstore": 7,
	"internal/redis/probe":       7,

	"internal/http/endpoint":   6,
	"internal/http/page":       6,
	"internal/admin":           6,
	"internal/redis/redisconn": 6,

	"internal/signin":        5,
	"internal/authorize":     5,
	"internal/granttype":     5,
	"internal/redis/durable": 5,

	"internal/token":            4,
	"internal/backup/bucket":    4,
	"internal/redis/dataset":    4,
	"internal/redis/rdb":        4,
	"internal/clientauth":       4,
	"internal/http/web":         4,
	"internal/http/adminclient": 4,
	"internal/directory":        4,

	"internal/http/adminwire": 3,
	"internal/audit":          3,
	"internal/rotation":       4,
	"internal/keyring":        3,
	"internal/registry":       3,
	"internal/session":        3,
	"internal/ratelimit":      3,
	"internal/cleanup":        3,
	"internal/epoch":          3,
	"internal/backup":         3,
	"internal/upkeep":         3,
	"internal/secretfile":     3,
	"internal/redis/pipeline": 3,

	"internal/redis/redisdial": 2,
	"internal/redis/outcome":   2,
	"internal/freshness":       2,
	"internal/metric":          2,
	"internal/anomaly":         2,
	"internal/commit":          2,
	"internal/tracing":         2,
	"internal/config":          2,
	"internal/clientmeta":      2,

	"internal/oauth":  0,
	"internal/jose":   1,
	"internal/secret": 1,
	"internal/event":  1,
	"internal/precis": 1,

	"internal/redis/quorum": 1,
	"internal/commonpw":     1,
	"internal/smallfile":    1,
	"internal/logbuffer":    1,
	"internal/store":        1,
	"internal/memo":         1,
	"internal/profile":      1,
}

// support are rooms that only tests import. They may look at everything.
var support = []string{"internal/testkit", "internal/roomtest", "internal/store/storetest", "internal/redis/redistest", "internal/e2e", "cmd/faults", "cmd/bench", "cmd/manifests", "cmd/dashboards", "cmd/release"}

// wing says which folders a library may be imported in. Where to go instead stands beside it.
var wing = map[string]struct {
	only   []string
	advice string
}{
	"net/http":                            {[]string{"internal/http/", "internal/cli/credentials/", "internal/cli/doctor/"}, "what speaks HTTP goes to internal/http; a rule takes values and returns *oauth.Error"},
	"github.com/go-chi/chi/v5":            {[]string{"internal/http/"}, "routes go to internal/http/server/routes.go"},
	"github.com/redis/go-redis/v9":        {[]string{"internal/redis/"}, "ask through a contract of internal/store; its Redis side goes to internal/redis/redisstore"},
	"github.com/alicebob/miniredis/v2":    {[]string{"internal/redis/"}, "open embedded Redis through internal/redis/redisconn"},
	"github.com/golang-jwt/jwt/v5":        {[]string{"internal/jose/"}, "sign and verify through internal/jose, which keeps the list of algorithms"},
	"golang.org/x/text/secure":            {[]string{"internal/precis/"}, "compare and store what people type through internal/precis"},
	"golang.org/x/text/unicode":           {[]string{"internal/precis/"}, "compare and store what people type through internal/precis"},
	"golang.org/x/text/language":          {[]string{"internal/http/page/"}, "people read the pages of internal/http/page; everything else is English"},
	"golang.org/x/text/feature":           {[]string{"internal/http/page/"}, "people read the pages of internal/http/page; everything else is English"},
	"filippo.io/age":                      {[]string{"internal/backup/"}, "archives are encrypted in internal/backup"},
	"golang.org/x/crypto":                 {[]string{"internal/secret/"}, "hash and seal through internal/secret"},
	"github.com/spf13/viper":              {[]string{"internal/config/"}, "settings are fields of internal/config; take your section as a value"},
	"gocloud.dev":                         {[]string{"internal/backup/bucket/"}, "archives go to a backup.Destination; internal/backup/bucket opens one"},
	"github.com/spf13/cobra":              {[]string{"cmd/oauth2d/", "internal/cli/command/", "internal/cli/target/", "internal/cli/archive/"}, "commands go to cmd/oauth2d, one file each"},
	"github.com/prometheus/client_golang": {[]string{"internal/metric/"}, "emit an event; internal/metric counts it"},
	"go.opentelemetry.io/otel":            {[]string{"internal/tracing/", "internal/http/", "internal/redis/pipeline/", "internal/redis/redisconn/", "internal/app/"}, "spans are made where requests come in and where questions leave"},
}

// core may use these parts of the standard library only by being listed: nothing that reads a
// clock, waits, or talks to anybody.
var core = []string{
	"crypto/hmac", "crypto/sha256", "crypto/subtle", "encoding/base64", "encoding/binary", "errors", "fmt", "log/slog",
	"maps", "net/netip", "net/url", "slices", "strconv", "strings", "time", "unicode", "unicode/utf8",
}

// The page shows every package on its floor, and no other.
func TestArchitecturePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \|$`).FindAllStringSubmatch(string(page), -1) {
		level, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range strings.Split(row[2], " · ") {
			name, _, _ := strings.Cut(strings.TrimPrefix(entry, "`"), "`")
			if !strings.HasPrefix(name, "cmd/") {
				name = "internal/" + name
			}
			shown[name] = level
		}
	}
	for name, level := range floor {
		if got, ok := shown[name]; !ok || got != level {
			t.Errorf("%s is on floor %d; docs/architecture.md shows %d (there: %v)", name, level, got, ok)
		}
	}
	for name := range shown {
		if _, ok := floor[name]; !ok {
			t.Errorf("docs/architecture.md shows %s, which is not a package with a floor", name)
		}
	}
}

// A file that grows beyond what one reads in one sitting is two.
func TestNoFileIsLong(t *testing.T) {
	t.Parallel()
	const most = 350
	for _, name := range textFiles(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(raw), "\n"); lines > most {
			t.Errorf("%s has %d lines, of at most %d: split it by what it holds", name, lines, most)
		}
	}
}

// A package is read in one sitting. The packages that hold the acknowledgement rule are held to less than the others.
func TestNoPackageIsLong(t *testing.T) {
	t.Parallel()
	lines := map[string]int{}
	for _, s := range sources(t) {
		if s.test() || within(s.room, support) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join("..", s.name))
		if err != nil {
			t.Fatal(err)
		}
		lines[s.room] += strings.Count(string(raw), "\n")
	}
	for room, count := range lines {
		most := 2500
		if strings.HasPrefix(room, "internal/redis/") && room != "internal/redis/redisstore" {
			most = 1500
		}
		if count > most {
			t.Errorf("%s has %d lines without tests, of at most %d: split it by what it holds", room, count, most)
		}
	}
}

// The package comment stands where every reader looks for it, and nowhere else.
func TestPackageCommentsStandInDocGo(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || !strings.HasPrefix(s.room, "internal/") || s.file.Name.Name == "main" {
			continue
		}
		switch {
		case path.Base(filepath.ToSlash(s.name)) != "doc.go" && s.file.Doc != nil:
			t.Errorf("%s has a package comment; it belongs in %s/doc.go", s.name, s.room)
		case s.file.Doc != nil:
			has[s.room] = strings.HasPrefix(s.file.Doc.Text(), "Package "+s.file.Name.Name+" ")
		case !has[s.room]:
			has[s.room] = false
		}
	}
	for room, ok := range has {
		if !ok {
			t.Errorf("%s needs a doc.go that begins with: Package %s owns", room, path.Base(room))
		}
	}
}

// source is one Go file of ours.
type source struct {
	name string // relative to the module
	room string
	file *ast.File
}

// parsed reads the tree once for all tests.
var parsed = sync.OnceValues(parse) //nolint:gochecknoglobals // the tree is the same for all

func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(all)
}

func parse() ([]source, error) {
	var all []source
	for _, root := range []string{"../internal", "../cmd"} {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			name = strings.TrimPrefix(filepath.ToSlash(name), "../")
			all = append(all, source{name: name, room: path.Dir(name), file: parsed})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) imports() []string {
	var all []string
	for _, spec := range s.file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			all = append(all, name)
		}
	}
	return all
}

// Imports run downhill. Tests may look around.
func TestFloors(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() || within(s.room, support) || s.room == "internal" {
			continue
		}
		from, known := floor[s.room]
		if !known {
			t.Errorf("%s is in a room without a floor: give %s one in internal/floors_test.go and in docs/architecture.md", s.name, s.room)
			continue
		}
		for _, imported := range s.imports() {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if within(to, support) {
				t.Errorf("%s imports %s, which is for tests only", s.name, to)
			} else if floor[to] >= from {
				t.Errorf("%s (floor %d) imports %s (floor %d): move the rule to the lower room, or hand the value down from internal/app", s.name, from, to, floor[to])
			}
		}
	}
}

// Technology stays in its wing.
func TestWings(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() || within(s.room, support) {
			continue
		}
		for _, imported := range s.imports() {
			for library, w := range wing {
				if imported != library && !strings.HasPrefix(imported, library+"/") {
					continue
				}
				in := func(folder string) bool { return strings.HasPrefix(s.room+"/", folder) }
				if !slices.ContainsFunc(w.only, in) {
					t.Errorf("%s imports %s: only %s may; %s", s.name, imported, strings.Join(w.only, " and "), w.advice)
				}
			}
		}
	}
}

// The core takes values and returns values.
func TestCoreIsPure(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.room != "internal/oauth" || s.test() {
			continue
		}
		for _, imported := range s.imports() {
			if !slices.Contains(core, imported) {
				t.Errorf("%s imports %s: the core holds rules that need nothing but their arguments; put this into a room above", s.name, imported)
			}
		}
	}
}

// Nothing happens at import, and packages get the time as a value.
func TestNoInitAndNoClock(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		root := within(s.room, []string{"internal/app", "internal/cli", "cmd/oauth2d"}) || within(s.room, support)
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init: make a value and wire it in internal/app", s.name)
			}
		}
		if s.test() || root {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && readsClock(call) {
				t.Errorf("%s reads the clock: take Now func() time.Time in the options, as its neighbours do", s.name)
			}
			return true
		})
	}
}

// readsClock finds calls only: time.Now as the default of an option shows how the clock comes in.
func readsClock(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name)
}

// Files whose names come from settings or a command line are read through a room that bounds them.
func TestF_N11_FilesAreReadUpToABound(t *testing.T) {
	t.Parallel()
	unbounded := map[string][]string{"os": {"ReadFile", "Open"}, "fs": {"ReadFile"}, "tls": {"LoadX509KeyPair"}}
	exempt := []string{"internal/smallfile", "internal/commonpw"} // commonpw: a generator that is not built
	for _, s := range sources(t) {
		if s.test() || within(s.room, support) || within(s.room, exempt) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(unbounded[pkg.Name], sel.Sel.Name) {
				t.Errorf("%s uses %s.%s, which reads /dev/zero until memory is full: use internal/smallfile", s.name, pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// The doc.go of every package states what it owns.
func TestRoomsSayWhatTheyOwn(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test() {
			said[s.room] = said[s.room] || s.file.Doc != nil
		}
	}
	for room, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment: its first sentence says what the room owns", room)
		}
	}
}

func within(room string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(one string) bool { return room == one || strings.HasPrefix(room, one+"/") })
}
