package deploy_test

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

// doctor holds what is shipped to the doctor's standards, and sees that it names what somebody changed.
func (g *group) doctor(t *testing.T) {
	if bad := g.examine(t); len(bad) > 0 {
		t.Errorf("as shipped: %v", bad)
	}
	g.downAfter(t, "1000")
	for _, port := range g.redis {
		g.configure(t, port, "min-replicas-to-write", "0")
		g.configure(t, port, "repl-backlog-size", "1mb")
		g.configure(t, port, "appendonly", "no")
	}
	bad := g.examine(t)
	for _, check := range []string{"sentinel timing", "redis lone writes", "redis backlog", "redis persistence"} {
		if !slices.Contains(bad, check) {
			t.Errorf("%s was made worse and is not reported; reported is %v", check, bad)
		}
	}
	g.downAfter(t, "1500")
	for _, port := range g.redis {
		g.configure(t, port, "min-replicas-to-write", "1")
		g.configure(t, port, "repl-backlog-size", "64mb")
		g.configure(t, port, "appendonly", "yes")
	}
}

func (g *group) configure(t *testing.T, port, name, value string) {
	t.Helper()
	if text, err := g.as("admin", port, "CONFIG", "SET", name, value); err != nil || text != "OK" {
		t.Fatalf("CONFIG SET %s: %q: %v", name, text, err)
	}
}

// settings are those that ha-up.sh printed.
func (g *group) settings(t *testing.T) config.Config {
	t.Helper()
	file, err := os.Open(filepath.Join(g.dir, "oauth2d.env"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	env := []string{"OAUTH2D_ISSUER=http://127.0.0.1:1", "OAUTH2D_MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, quoted, _ := strings.Cut(lines.Text(), "=")
		value, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+value)
	}
	c, _, err := config.Load(config.Sources{Environ: env})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// examine runs the doctor and returns the checks that are not well. Keys are not among them: no server ran yet.
func (g *group) examine(t *testing.T) []string {
	t.Helper()
	var bad []string
	for _, f := range app.Examine(t.Context(), g.settings(t)) {
		if f.Verdict != app.Well && f.Check != "keys" {
			t.Logf("%s: %s: %s", f.Check, f.Found, f.Remedy)
			bad = append(bad, f.Check)
		}
	}
	return bad
}
