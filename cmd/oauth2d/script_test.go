package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/testkit"
)

// The test binary is the program, too, so that the scripts run real processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"oauth2d": main})
}

// face prepares a server for a script, and says how commands reach it.
type face func(t *testing.T, set func(name, value string))

// byAPI is a running server with the demo's data.
func byAPI(t *testing.T, set func(name, value string)) {
	d := testkit.Start(t)
	set(credentials.EnvServer, d.Admin)
	set(credentials.EnvIssuer, d.Base)
	set(credentials.EnvClientID, app.DemoAdmin)
	set(credentials.EnvSecret, app.DemoAdminSecret)
	set("FACE", "--server="+d.Admin)
}

// byDirect is an empty Redis with a server on it.
func byDirect(t *testing.T, set func(name, value string)) {
	s := newSite(t)
	for _, pair := range s {
		name, value, _ := strings.Cut(pair, "=")
		set(name, value)
	}
	set("FACE", "--direct")
}

// faces are the ways in which the scripts of a folder reach a server, by folder.
func faces() map[string]map[string]face {
	return map[string]map[string]face{
		"both": {"api": byAPI, "direct": byDirect}, "api": {"api": byAPI}, "direct": {"direct": byDirect},
		"alone": {"alone": func(*testing.T, func(name, value string)) {}},
	}
}

// Each script of `both` runs through the admin API and straight on Redis, with the same words.
func TestScripts(t *testing.T) {
	t.Parallel()
	for folder, through := range faces() {
		files, err := filepath.Glob(filepath.Join("testdata", "script", folder, "*.txtar"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no scripts, %v", folder, err)
		}
		for _, file := range files {
			for name, prepare := range through {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
					t.Parallel()
					runScript(t, file, prepare)
				})
			}
		}
	}
}

func runScript(t *testing.T, file string, prepare face) {
	t.Helper()
	exports, err := filepath.Abs("testdata/export")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:    []string{file},
		Deadline: time.Now().Add(5 * time.Minute),
		Setup: func(env *testscript.Env) error {
			prepare(t, env.Setenv)
			env.Setenv("EXPORTS", exports)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each command waits for a second when it is done
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fails": fails, "keep": keep, "mode": mode, "untrack": untrack, "into": into, "glob": glob},
	})
}

// fails N ARGS... wants the program to end with exit code N.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](ts.Exec("oauth2d", args[1:]...)); ok {
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// glob PATTERN sets FOUND to the one file that fits.
func glob(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s: %v, want one file", args[0], found)
	}
	ts.Setenv("FOUND", found[0])
}

// into FULL|CLOSED N ARGS... runs the program with a standard output that cannot be written, and wants it
// to end with exit code N. What it writes to standard error is put into the file err.
func into(ts *testscript.TestScript, _ bool, args []string) {
	out, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if args[0] == "CLOSED" {
		var reader *os.File
		reader, out, err = os.Pipe()
		ts.Check(err)
		ts.Check(reader.Close())
	}
	ts.Check(err)
	defer out.Close()
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	var messages bytes.Buffer
	program, err := os.Executable()
	ts.Check(err)
	cmd := exec.Command(program, args[2:]...)
	cmd.Args[0] = "oauth2d" // by which the test binary knows that it is the program
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), out, &messages
	cmd.Env = scriptEnv(ts)
	_ = cmd.Run() // its exit code says it
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d: %s", got, want, messages.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("err"), messages.Bytes(), 0o600))
}

// scriptEnv are the variables of a script that the program reads.
func scriptEnv(ts *testscript.TestScript) []string {
	names := []string{
		"PATH", "HOME", credentials.EnvServer, credentials.EnvIssuer, credentials.EnvClientID, credentials.EnvSecret, "OAUTH2D_REDIS_MODE", "OAUTH2D_REDIS_ADDRS", "OAUTH2D_MASTER_KEY",
	}
	var all []string
	for _, name := range names {
		if value := ts.Getenv(name); value != "" {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// keep NAME PATTERN [FILE] sets a variable to the first group of a pattern in stdout, or in a file.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	file := "stdout"
	if len(args) > 2 {
		file = args[2]
	}
	found := regexp.MustCompile(`(?m)` + args[1]).FindStringSubmatch(ts.ReadFile(file))
	if len(found) != 2 {
		ts.Fatalf("%s does not match %s", file, args[1])
	}
	ts.Setenv(args[0], found[1])
}

// mode PERM FILE wants a file with these permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("%s has permissions %s, want %s", args[1], got, args[0])
	}
}

// untrack takes the first entry out of the audit log.
func untrack(ts *testscript.TestScript, _ bool, _ []string) {
	db := redis.NewClient(&redis.Options{Addr: ts.Getenv("OAUTH2D_REDIS_ADDRS")})
	defer db.Close()
	entries, err := db.XRange(context.Background(), "auth:audit", "-", "+").Result()
	ts.Check(err)
	if len(entries) < 2 {
		ts.Fatalf("%d entries, want some", len(entries))
	}
	ts.Check(db.XDel(context.Background(), "auth:audit", entries[0].ID).Err())
}
