package console

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// No line of a table is longer than the terminal, nothing of it is lost, and a pipe gets one line a row.
func TestF_N12_TablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("openid profile email ", 15))
	uris := "https://app.example.com/" + strings.Repeat("x", 200)
	all := Table{
		Head:  []string{"client id", "scope", "uris", "created"},
		Rows:  [][]string{{"planner", long, uris, "3h ago"}, {"web", "read", "-", "now"}},
		Below: [][]string{{"- " + long}, nil},
	}
	for _, width := range []int{80, 120, 200} {
		t.Run(fmt.Sprint(width, " columns"), func(t *testing.T) {
			var out strings.Builder
			if err := all.Print(&out, width); err != nil {
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
		})
	}
	var piped strings.Builder
	all.Below = nil
	if err := all.Print(&piped, 0); err != nil || strings.Count(piped.String(), "\n") != 3 {
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
	s := &Console{utc: true}
	if got := s.When(now); got != "2026-05-01 12:00:00 UTC" {
		t.Errorf("with --utc: %q", got)
	}
}
