package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(test.values); got != test.want {
			t.Errorf("median of %v: %v, want %v", test.values, got, test.want)
		}
	}
}

// The ratio is taken within each round: a machine that is slow for one round must not move it.
func TestRatioIsTakenWithinARound(t *testing.T) {
	t.Parallel()
	ceiling := []Sample{{RPS: 1000}, {RPS: 100}, {RPS: 2000}}
	ours := []Sample{{RPS: 800}, {RPS: 80}, {RPS: 1600}, {RPS: 9999}} // the last one has no counterpart
	if got := Ratio(ours, ceiling); math.Abs(got-0.8) > 1e-9 {
		t.Errorf("ratio %v, want 0.8", got)
	}
	if got := Ratio(ours, []Sample{{}}); got != 0 {
		t.Errorf("ratio to nothing: %v", got)
	}
}

func rows() []Row {
	ceiling := &Series{Name: "(f) token", Mode: CeilingMode, Load: Closed, Samples: []Sample{{RPS: 1000, Allocs: 100, ServerCPU: 50}, {RPS: 2000, Allocs: 100, ServerCPU: 50}}}
	ours := &Series{
		Name: "/token <opaque>", Mode: Relaxed, Load: Closed, Ceiling: ceiling, Target: 0.85,
		Samples: []Sample{{RPS: 900, P50: 1, P99: 4, Allocs: 120, ServerCPU: 60}, {RPS: 1900, P50: 3, P99: 8, Allocs: 140, ServerCPU: 70, Errors: 1}},
	}
	strict := &Series{Name: "/token <opaque>", Mode: StrictGroup, Load: Closed, Ceiling: ours, Samples: []Sample{{RPS: 450}, {RPS: 950}}}
	steady := &Series{Name: "/token <opaque>", Mode: Relaxed, Load: Constant, Samples: []Sample{{RPS: 700, P50: 1, P99: 6}}}
	return []Row{ceiling.Row(), ours.Row(), strict.Row(), steady.Row()}
}

func TestRows(t *testing.T) {
	t.Parallel()
	all := rows()
	ours := all[1]
	if ours.RPS != 1400 || ours.P50 != 2 || ours.P99 != 6 || ours.Errors != 1 || ours.Ceiling != "(f) token" || ours.Ratio != 0.925 || math.Abs(ours.CPURatio-1.3) > 1e-9 {
		t.Errorf("row %+v", ours)
	}
	if strict := all[2]; strict.Ceiling != Relaxed || strict.Ratio != 0.5 {
		t.Errorf("strict row %+v", strict)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	got := map[string]bool{}
	for _, target := range Targets(rows()) {
		got[target.What] = target.Met
	}
	want := map[string]bool{
		"/token <opaque>, relaxed: ratio to (f) token":                     true,  // 0.925 of at least 0.85
		"/token <opaque>: allocations to those of (f) token":               true,  // 1.3 of at most 1.5
		"/token <opaque>, relaxed: p99 at half of the maximum rate, in ms": false, // 6 of at most 5
	}
	for what, met := range want {
		if is, found := got[what]; !found || is != met {
			t.Errorf("%s: found %v, met %v, want %v", what, found, is, met)
		}
	}
	if len(got) != len(want) {
		t.Errorf("targets %v", got)
	}
}

// Scripts read build/bench.json: its members do not change.
func TestWriteJSON(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := (Result{Rows: rows()}).WriteJSON(file); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var result struct{ Rows []map[string]any }
	if err := json.Unmarshal(raw, &result); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"name", "mode", "load", "rps", "p50_ms", "p99_ms", "p999_ms", "server_cpu_us", "redis_cpu_us", "allocs", "rss_mib", "errors", "ceiling", "ratio",
	} {
		for i, row := range result.Rows {
			if _, found := row[name]; !found {
				t.Errorf("row %d has no %s: %v", i, name, row)
			}
		}
	}
}

func TestPlotIsXML(t *testing.T) {
	t.Parallel()
	for decoder := xml.NewDecoder(strings.NewReader(Result{Rows: rows()}.Plot())); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestBenchstatLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	series := &Series{Name: "/token client_credentials opaque", Samples: []Sample{{RPS: 1000, ServerCPU: 60}, {RPS: 1100, ServerCPU: 61}}}
	if err := Benchstat(&out, []*Series{series}); err != nil {
		t.Fatal(err)
	}
	want := "Benchmarktoken_client_credentials_opaque 1 1000 req/s 0.000 p50-ms 0.000 p99-ms 60.00 server-µs/req 0.00 redis-µs/req 0.0 allocs/req\n"
	if first, _, _ := strings.Cut(out.String(), "\n"); first+"\n" != want {
		t.Errorf("got %q, want %q", first, want)
	}
}
