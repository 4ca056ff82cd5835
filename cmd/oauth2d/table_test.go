package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

// No line of a table is longer than the terminal, nothing of it is lost, and a pipe gets one line a row.
func TestF_N12_TablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("openid profile email ", 15))
	uris := "https://app.example.com/" + strings.Repeat("x", 200)
	all := table{
		head:  []string{"client id", "scope", "uris", "created"},
		rows:  [][]string{{"planner", long, uris, "3h ago"}, {"web", "read", "-", "now"}},
		below: [][]string{{"- " + long}, nil},
	}
	for _, width := range []int{80, 120, 200} {
		var out strings.Builder
		if err := all.print(&out, width); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("width %d: a line of %d: %s", width, n, line)
			}
		}
		if strings.Count(out.String(), "x") < 200 || strings.Count(out.String(), "profile") != 30 {
			t.Errorf("width %d: text is lost:\n%s", width, out.String())
		}
	}
	var piped strings.Builder
	all.below = nil
	if err := all.print(&piped, 0); err != nil || strings.Count(piped.String(), "\n") != 3 {
		t.Errorf("piped, %v: %s", err, piped.String())
	}
}

func TestF_N12_RelativeTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for away, want := range map[time.Duration]string{
		0: "now", 90 * time.Second: "in 90s", -90 * time.Second: "90s ago", -90 * time.Minute: "90m ago", 36 * time.Hour: "in 36h",
		-72 * time.Hour: "3d ago", -800 * 24 * time.Hour: "2y ago",
	} {
		if got := relative(now.Add(away), now); got != want {
			t.Errorf("%s: %q, want %q", away, got, want)
		}
	}
	s := &shared{utc: true}
	if got := s.when(now); got != "2026-05-01 12:00:00 UTC" {
		t.Errorf("with --utc: %q", got)
	}
}

// What fails comes first with its remedy below, and only a terminal gets colours.
func TestF_N12_DoctorShowsFailuresFirst(t *testing.T) {
	t.Parallel()
	found := []app.Finding{
		{Check: "settings", Verdict: app.Well, Found: "they are understood"},
		{Check: "redis replicas", Verdict: app.Doubt, Found: "one server", Remedy: "add a replica"},
		{Check: "keys", Verdict: app.Failing, Found: "another master key", Remedy: "give the right one"},
	}
	byUrgency(found)
	show := func(color bool) string {
		var out strings.Builder
		s := &shared{console: console{color: color}}
		if err := s.findings(found).print(&out, 80); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := "fail  keys            another master key\n        do: give the right one\n" +
		"warn  redis replicas  one server\n        do: add a replica\nok    settings        they are understood\n"
	if got := show(false); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	if got := show(true); !strings.HasPrefix(got, "\x1b[31mfail\x1b[0m  keys") {
		t.Errorf("in colour: %q", got)
	}
}
