package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// example returns the lines of .env.example that set a variable, without the # before them, and the variables.
func example(t *testing.T) (lines, variables []string) {
	t.Helper()
	text, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if found := regexp.MustCompile(`^#?([A-Z][A-Z0-9_]*)=.*\n$`).FindStringSubmatch(line); found != nil {
			lines = append(lines, strings.TrimPrefix(line, "#"))
			variables = append(variables, found[1])
		}
	}
	return lines, variables
}

// read returns the variables that the files read as the pattern's group says.
func read(t *testing.T, pattern string, files ...string) []string {
	t.Helper()
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			all = append(all, strings.Fields(found[1])...)
		}
	}
	return all
}

// readByScripts are the variables that a person may set for the scripts and for compose.
func readByScripts(t *testing.T) []string {
	t.Helper()
	all := read(t, `\$\(setting ([A-Z][A-Z0-9_]+)`, append(names(t), "lib.sh", "local.sh", "monitoring.sh")...)
	all = append(all, read(t, `for name in ([A-Z0-9_ ]+);`, "local.sh")...)
	compose, err := filepath.Glob("../compose/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return append(all, read(t, `(?m)^[^#\n]*[^$]\$\{([A-Z][A-Z0-9_]+)`, compose...)...)
}

// .env.example names every variable that a script or compose reads, and none that nothing reads.
func TestExampleIsComplete(t *testing.T) {
	t.Parallel()
	_, variables := example(t)
	wanted := readByScripts(t)
	if len(wanted) < 15 {
		t.Fatalf("the scripts read %v", wanted)
	}
	for _, name := range wanted {
		if !slices.Contains(variables, name) {
			t.Errorf("a script reads %s, and .env.example does not have it", name)
		}
	}
	known := slices.Concat(wanted, config.WithoutEffect(), config.OtherNames())
	for _, alias := range config.Aliases() {
		known = append(known, alias.Name)
		if !slices.Contains(variables, alias.Name) {
			t.Errorf("the alias %s is not in .env.example", alias.Name)
		}
	}
	for _, f := range config.Fields() {
		known = append(known, f.Env)
		if f.Secret() {
			known = append(known, f.Env+"_FILE")
		}
	}
	for i, name := range variables {
		if !slices.Contains(known, name) {
			t.Errorf(".env.example has %s, which nothing reads", name)
		}
		if slices.Contains(variables[:i], name) {
			t.Errorf(".env.example has %s twice", name)
		}
	}
}

// The values of .env.example can be used: every line is switched on, and the settings are those that are written there.
func TestExampleIsValid(t *testing.T) {
	t.Parallel()
	lines, _ := example(t)
	dir := t.TempDir()
	for _, name := range []string{"master-key", "app-password", "sentinel-password"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, ".env")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(strings.Join(lines, ""), "/run/secrets/", dir+"/")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, warnings, err := config.Load(config.Sources{EnvFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != len(config.WithoutEffect()) {
		t.Errorf("warnings %q", warnings)
	}
	if c.Issuer != "https://auth.example.com" || c.Redis.Mode != "sentinel" || len(c.Redis.Addrs) != 3 || len(c.Scopes) == 0 {
		t.Errorf("issuer %s, Redis %s at %v, scopes %v", c.Issuer, c.Redis.Mode, c.Redis.Addrs, c.Scopes)
	}
	// Lines that say what a default is say it truly.
	plain := config.Default(false)
	if c.Server.Listen != plain.Server.Listen || c.Admin.Listen != plain.Admin.Listen || c.Token.Access != plain.Token.Access ||
		c.Session.Limit != plain.Session.Limit || c.Session.Idle != plain.Session.Idle || c.Refresh.Idle != plain.Refresh.Idle ||
		c.Log != plain.Log || c.Cleanup != plain.Cleanup {
		t.Errorf("a default in .env.example is another one: %+v", plain)
	}
}

// Every script and every library of scripts is clean in the eyes of shellcheck, prints help, and refuses what it does not know.
func TestScriptsAreClean(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/bin/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	files = append(files, append(names(t), "lib.sh", "local.sh", "monitoring.sh")...)
	if out, err := exec.Command("shellcheck", append([]string{"--external-sources"}, files...)...).CombinedOutput(); err != nil { //nolint:gosec // files of this repository
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode()&0o111 == 0 {
			continue // it is sourced
		}
		name, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range []string{"--help", "-h"} {
			out, err := exec.Command(name, flag).Output() //nolint:gosec // a script of this repository
			if err != nil || len(out) < 100 || strings.HasPrefix(string(out), "#") {
				t.Errorf("%s %s: %v\n%s", file, flag, err, out)
			}
		}
	}
}
