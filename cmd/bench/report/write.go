package report

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is one run of the benchmark, as build/bench.json has it.
type Result struct {
	Started     time.Time `json:"started"`
	Machine     string    `json:"machine"`
	Disturbed   float64   `json:"disturbed"` // share of the processors that other programs used during the run
	Versions    []string  `json:"versions"`
	Connections int       `json:"connections"`
	Rounds      int       `json:"rounds"`
	Seconds     float64   `json:"seconds_per_measurement"`
	Rows        []Row     `json:"rows"`
	Targets     []Target  `json:"targets"`
}

// WriteJSON writes the result into a file.
func (r Result) WriteJSON(file string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}

// Table writes the rows and targets for a terminal.
func (r Result) Table(to io.Writer) error {
	fmt.Fprintf(to, "%s; other programs used %.0f %% of the processors\n%s\n%d connections, %d rounds of %.1f s; medians; ratio: in the same round\n\n", r.Machine, 100*r.Disturbed, strings.Join(r.Versions, ", "), r.Connections, r.Rounds, r.Seconds)
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "name\tmode\tload\treq/s\tp50 ms\tp99 ms\tp99.9 ms\tserver µs\tRedis µs\tallocs\tRSS MiB\terrors\tceiling\tratio\ttarget\tCPU ratio\t")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%.0f\t%.0f\t%d\t%s\t%s\t%s\t%s\t\n", row.Name, row.Mode, row.Load, row.RPS, row.P50, row.P99, row.P999,
			row.ServerCPU, row.RedisCPU, row.Allocs, row.RSS, row.Errors, row.Ceiling, number(row.Ratio), number(row.Target), number(row.CPURatio))
	}
	fmt.Fprint(t, "\n")
	if err := t.Flush(); err != nil {
		return err
	}
	t = tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "target\twanted\tmeasured\t")
	for _, target := range r.Targets {
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%s\n", target.What, target.Want, target.Got, verdict(target.Met))
	}
	return t.Flush()
}

func verdict(met bool) string {
	if met {
		return "reached"
	}
	return "not reached"
}

func number(x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", x)
}

// Markdown returns the rows as a table for the documentation.
func (r Result) Markdown() string {
	var b strings.Builder
	b.WriteString("| row | mode | load | req/s | p50 ms | p99 ms | server µs | Redis µs | allocs | ceiling | ratio | target | CPU ratio |\n|---|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %.0f | %.1f | %.1f | %.0f | %.0f | %.0f | %s | %s | %s | %s |\n", row.Name, row.Mode, row.Load, row.RPS, row.P50, row.P99,
			row.ServerCPU, row.RedisCPU, row.Allocs, row.Ceiling, number(row.Ratio), number(row.Target), number(row.CPURatio))
	}
	return b.String()
}

// Benchstat writes the samples of series in the format of Go benchmarks, a line a round.
func Benchstat(to io.Writer, all []*Series) error {
	for _, s := range all {
		name := "Benchmark" + strings.NewReplacer("/", "", " ", "_", ",", "").Replace(s.Name)
		for _, x := range s.Samples {
			_, err := fmt.Fprintf(to, "%s 1 %.0f req/s %.3f p50-ms %.3f p99-ms %.2f server-µs/req %.2f redis-µs/req %.1f allocs/req\n",
				name, x.RPS, x.P50, x.P99, x.ServerCPU, x.RedisCPU, x.Allocs)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Plot draws the ratio of every row to its ceiling, with its target, as SVG.
func (r Result) Plot() string {
	const left, top, high, wide, right = 400, 46, 22, 400.0, 130
	var rows []Row
	longest := 1.0
	for _, row := range r.Rows {
		if row.Ratio > 0 && row.Load == Closed {
			rows = append(rows, row)
			longest = max(longest, row.Ratio)
		}
	}
	bottom, width := top+high*len(rows), left+int(wide)+right
	scale := func(ratio float64) float64 { return wide * ratio / longest }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12" fill="#444">`+"\n", width, bottom+34)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, bottom+34)
	b.WriteString(`<text x="16" y="24" font-size="14" fill="#111">Throughput as a share of the ceiling in the same run; the red line is the target</text>` + "\n")
	for tenth := 0; float64(tenth)/10 <= longest; tenth += 2 {
		x := float64(left) + scale(float64(tenth)/10)
		fmt.Fprintf(&b, `<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#ddd"/><text x="%.0f" y="%d" text-anchor="middle">%.1f</text>`+"\n", x, top-8, x, bottom, x, bottom+16, float64(tenth)/10)
	}
	for i, row := range rows {
		y := top + high*i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", left-8, y+15, html.EscapeString(row.Name+", "+row.Mode))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="#2457c5" fill-opacity="0.7"/>`+"\n", left, y+4, scale(row.Ratio), high-8)
		if row.Target > 0 {
			x := float64(left) + scale(row.Target)
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#b3261e" stroke-width="2"/>`+"\n", x, y+1, x, y+high-1)
		}
		fmt.Fprintf(&b, `<text x="%.0f" y="%d">%.2f, %.0f/s</text>`+"\n", float64(left)+scale(max(row.Ratio, row.Target))+8, y+15, row.Ratio, row.RPS)
	}
	return b.String() + "</svg>\n"
}
