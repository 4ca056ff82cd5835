package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"fix(token): reject an expired code":                              "",
		"feat!: drop the password grant":                                  "",
		"docs(admin, cli): name the flags\n\nThey had two names.\n":       "",
		"build(deps): bump golang.org/x/net from 0.47.0 to 0.48.0\n\nx\n": "",
		"Fix the token endpoint":                                          "type(scope): subject",
		"fix(token) reject":                                               "type(scope): subject",
		"fix(Token): reject":                                              "type(scope): subject",
		"fix:reject":                                                      "type(scope): subject",
		"fix: ":                                                           "type(scope): subject",
		"":                                                                "type(scope): subject",
		"feature(token): add":                                             "no known type",
		"fix(token): reject an expired code.":                             "full stop",
		"fix(token): reject\nmore":                                        "second line",
		"fix(token): " + strings.Repeat("x", 90):                          "at most 100",
		"fixup! fix(token): reject":                                       "type(scope): subject",
	} {
		_, err := parse(message)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", message, err, want)
		}
	}
}

func TestNextVersion(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		tag, want string
		messages  []string
	}{
		{"", "v0.1.0", nil},
		{"v0.3.1", "v0.3.2", []string{"fix: a", "docs: b"}},
		{"v0.3.1", "v0.4.0", []string{"fix: a", "feat: b"}},
		{"v0.3.1", "v0.4.0", []string{"fix!: a"}},
		{"v1.3.1", "v2.0.0", []string{"refactor: a\n\nBREAKING CHANGE: rename the\nsetting", "feat: b"}},
		{"v1.3.1", "v1.4.0", []string{"feat(x): a"}},
		{"v1.3.1", "v1.3.2", []string{"perf: a"}},
	} {
		var all []change
		for _, message := range row.messages {
			c, err := parse(message)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		if got, err := nextVersion(row.tag, all); err != nil || got.String() != row.want {
			t.Errorf("%s and %q: %v, %v; want %s", row.tag, row.messages, got, err, row.want)
		}
	}
	if _, err := nextVersion("v1.0.0", nil); err == nil {
		t.Error("a version without a change")
	}
}

const (
	sampleLog   = "# Changelog\n\nFor operators.\n\n## Unreleased\n\n- **A new setting.**\n\n## v0.1.0 - 2026-01-02\n\n- The first one.\n"
	sampleChart = "apiVersion: v2\nversion: 0.1.0\nappVersion: 0.1.0\n"
)

// A repository with two releases is walked through with the commands of a maintainer.
func TestARelease(t *testing.T) { //nolint:paralleltest // it changes the working directory
	dir := t.TempDir()
	t.Chdir(dir)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	shell := func(words ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", words...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a",
			"GIT_COMMITTER_EMAIL=a@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", words, err, out)
		}
	}
	command := func(words ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), words, &out, time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC))
		return out.String(), err
	}
	must(os.MkdirAll(filepath.Dir(chartFile), 0o755))
	must(os.WriteFile(changelogFile, []byte(sampleLog), 0o600))
	must(os.WriteFile(chartFile, []byte(sampleChart), 0o600))
	shell("init", "--quiet")
	shell("add", ".")
	shell("commit", "--quiet", "-m", "feat: begin")
	shell("tag", "v0.1.0")
	shell("commit", "--quiet", "--allow-empty", "-m", "fix(token): reject an expired code\n\nIt was accepted.")
	shell("commit", "--quiet", "--allow-empty", "-m", "feat(cli)!: rename a flag")
	shell("commit", "--quiet", "--allow-empty", "-m", "test: try it")

	if out, err := command("commits", "v0.1.0..HEAD"); err != nil || !strings.HasPrefix(out, "3 commits") {
		t.Errorf("commits: %q, %v", out, err)
	}
	if out, err := command("next"); err != nil || out != "v0.2.0\n" {
		t.Errorf("next: %q, %v", out, err)
	}
	if _, err := command("check", "v0.2.0"); err == nil || !strings.Contains(err.Error(), "release-prepare") {
		t.Errorf("a tag before the release was prepared: %v", err)
	}
	_, err := command("prepare", "v0.2.0")
	must(err)
	if _, err := command("prepare", "v0.2.0"); err == nil {
		t.Error("prepared twice")
	}
	_, err = command("check", "v0.2.0")
	must(err)
	log, err := os.ReadFile(changelogFile)
	must(err)
	if want := strings.Replace(sampleLog, "## Unreleased\n", "## Unreleased\n\n## v0.2.0 - 2026-11-29\n", 1); string(log) != want {
		t.Errorf("the changelog is\n%s\nwant\n%s", log, want)
	}
	shell("commit", "--quiet", "-am", "chore(release): v0.2.0")
	shell("tag", "v0.2.0")
	shell("commit", "--quiet", "--allow-empty", "-m", "not a conventional commit")
	if _, err := command("commits", "v0.2.0..HEAD"); err == nil {
		t.Error("a commit without the form passes")
	}
	notes, err := command("notes", "v0.2.0")
	must(err)
	for _, want := range []string{
		"- **A new setting.**\n\n## All changes since v0.1.0\n", "### Breaking changes\n\n- **cli**: rename a flag (", "### Features\n\n- **cli**: rename a flag (",
		"### Fixes\n\n- **token**: reject an expired code (", "\n2 more commits change tests",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "The first one") || strings.Contains(notes, "not a conventional") {
		t.Errorf("the notes have too much:\n%s", notes)
	}
}

func TestTheHookIgnoresWhatGitRemoves(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{
		"fix: a\n# Please enter the commit message\n":                                        true,
		"\n\nfix: a\n\nbody\n# ------------------------ >8 ------------------------\ndiff\n": true,
		"Merge branch 'main'\n": true, "fixup! fix: a\n": true, "Revert \"fix: a\"\n": true,
		"whatever\n": false, "# only comments\n": false,
	} {
		file := filepath.Join(t.TempDir(), "COMMIT_EDITMSG")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkMessage(file); (err == nil) != valid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{nil, {"next", "x"}, {"notes"}, {"tell", "x"}, {"a", "b", "c"}} {
		if err := run(t.Context(), words, new(bytes.Buffer), time.Time{}); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", words, err)
		}
	}
	for _, tag := range []string{"1.2.3", "v1.2", "v01.2.3", "v1.2.3-beta", "v1.2.3; rm"} {
		if _, err := parseVersion(tag); err == nil {
			t.Errorf("%q passes", tag)
		}
	}
}
