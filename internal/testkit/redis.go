package testkit

import (
	"bufio"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// background returns the prefixes of the verbs that a daemon calls without a request. Permits of a rate are among them:
// a daemon takes many of them at once, for later requests.
func background() []string {
	return []string{"freshness.read", "keys.", "look", "health", "audit.", "sweeps.", "limits.take"}
}

// RedisCalls counts, by verb, how often requests have waited for Redis so far. Each is at most one round trip, because
// concurrent callers share them. Calls that the daemon makes without a request are not counted.
func (d *Daemon) RedisCalls(t testing.TB) map[string]int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(Do(t, request).Raw))
	for lines.Scan() {
		rest, found := strings.CutPrefix(lines.Text(), "oauth2d_redis_calls_total{")
		if !found {
			continue
		}
		_, verb, _ := strings.Cut(rest, `verb="`)
		verb, _, _ = strings.Cut(verb, `"`)
		n, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if !slices.ContainsFunc(background(), func(own string) bool { return strings.HasPrefix(verb, own) }) {
			calls[verb] += int(n)
		}
	}
	return calls
}

// Asked counts the calls to Redis that do causes, by verb. Nothing else may use the daemon meanwhile.
func (d *Daemon) Asked(t testing.TB, do func()) map[string]int {
	t.Helper()
	before := d.RedisCalls(t)
	do()
	after := d.RedisCalls(t)
	maps.DeleteFunc(after, func(verb string, n int) bool { return n == before[verb] })
	for verb := range after {
		after[verb] -= before[verb]
	}
	return after
}
