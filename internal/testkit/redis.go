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

// background are the questions that a daemon puts to Redis by itself.
var background = []string{"clients.version", "keys.load", "look", "health", "audit.append", "audit.end", "sweeps.claim", "sweeps.mark", "sweeps.tidy"}

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
		if !slices.Contains(background, verb) {
			calls[verb] += int(n)
		}
	}
	return calls
}

// Asked tells what do put to Redis: how often, by verb. Nobody else may use the daemon meanwhile.
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
