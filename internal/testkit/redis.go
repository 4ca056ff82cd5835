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

// background are the beginnings of the verbs by which a daemon asks Redis by itself. Permits of a rate
// are among them: they are taken many at a time, for requests to come.
func background() []string {
	return []string{"freshness.read", "keys.", "look", "health", "audit.", "sweeps.", "limits.take"}
}

// RedisCalls counts, by verb, the times that requests have waited for Redis so far. Each is one round
// trip at most, because callers at the same time share them. What the daemon asks by itself is left
// out.
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
