package doctor

import (
	"strings"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

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
		if err := Table(found, color).Print(&out, 80); err != nil {
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
