package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// summary is a trial in one line.
func summary(f figures) string {
	line := fmt.Sprintf("%-14s %-8s %2d  ack %5d  unknown %4d  violations %3d  gap %5.2f  first %5.2f  jwt %4.2f %4.2f",
		f.Fault, f.Mode, f.Trial, f.Acknowledged, f.Unknown, f.Violations, f.Gap, f.First, f.Issue, f.Introspect)
	if f.Failed != "" {
		line += "  FAILED: " + f.Failed
	}
	if !f.Whole {
		line += "  not whole"
	}
	if f.slow() {
		line += "  SLOW"
	}
	if len(f.Examples) > 0 {
		line += "\n    " + strings.Join(f.Examples, "\n    ")
	}
	return line
}

// row sums up the trials of one fault in one mode.
type row struct {
	figures
	trials, losing                  int
	gaps, firsts, issue, introspect []float64
}

// downAfters lists the down-after-milliseconds of the trials, in their order: a chart has a value of its own.
func downAfters(all []figures) []int64 {
	var times []int64
	for _, f := range all {
		times = append(times, f.DownAfter)
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// rows groups trials, in the order of the faults.
func rows(all []figures) []*row {
	var sums []*row
	for _, mode := range []string{"strict", "relaxed", waitOne} {
		for _, down := range downAfters(all) {
			for _, f := range faults() {
				sum := &row{figures: figures{Fault: f.name, Mode: mode, DownAfter: down}}
				for _, one := range all {
					if one.Fault == f.name && one.Mode == mode && one.DownAfter == down && one.Failed == "" {
						sum.add(one)
					}
				}
				if sum.trials > 0 {
					sums = append(sums, sum)
				}
			}
		}
	}
	return sums
}

func (r *row) add(f figures) {
	r.trials++
	r.Acknowledged += f.Acknowledged
	r.Unknown += f.Unknown
	r.Violations += f.Violations
	if f.Violations > 0 {
		r.losing++
	}
	r.gaps = append(r.gaps, f.Gap)
	if f.First > 0 {
		r.firsts = append(r.firsts, f.First)
	}
	r.issue, r.introspect = append(r.issue, f.Issue), append(r.introspect, f.Introspect)
}

// middle is the median and the largest.
func middle(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.1f (%.1f)", sorted[len(sorted)/2], sorted[len(sorted)-1])
}

// table is Markdown.
func table(all []figures) string {
	var b strings.Builder
	b.WriteString("| fault | durability | down-after s | trials | acknowledged | unknown | violations (trials) | no acknowledged change for s | first success after s | no JWT issued for s | no JWT introspected for s |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows(all) {
		fmt.Fprintf(&b, "| `%s` | %s | %g | %d | %d | %d | %d (%d) | %s | %s | %s | %s |\n", r.Fault, r.Mode, float64(r.DownAfter)/1000, r.trials,
			r.Acknowledged, r.Unknown, r.Violations, r.losing, middle(r.gaps), middle(r.firsts), middle(r.issue), middle(r.introspect))
	}
	return b.String()
}

// The marks in the page between which the table stands.
const (
	markBegin = "<!-- figures of the fault harness: begin -->\n"
	markEnd   = "<!-- figures of the fault harness: end -->"
)

// publish writes the table of all trials in a file into a page, and the plot into images beside it.
func publish(from, page string) error {
	all, err := readTrials(from)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(page) //nolint:gosec // G304: named on the command line
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(raw), markBegin)
	_, after, ends := strings.Cut(rest, markEnd)
	if !found || !ends {
		return fmt.Errorf("%s has no marks for the table", page)
	}
	text := "\nMedian and, in brackets, the largest of the trials. *Unknown* are changes that were answered 503, or not at all.\n\n" + table(all) + "\n![Longest time without an acknowledged change, by fault](images/faults.svg)\n\n"
	if err := os.WriteFile(page, []byte(before+markBegin+text+markEnd+after), 0o644); err != nil { //nolint:gosec // G306: documentation
		return err
	}
	plot := filepath.Join(filepath.Dir(page), "images", "faults.svg")
	return os.WriteFile(plot, []byte(draw(rows(all))), 0o644) //nolint:gosec // G306: documentation
}

func readTrials(from string) ([]figures, error) {
	file, err := os.Open(from) //nolint:gosec // G304: named on the command line
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	var all []figures
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var f figures
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, lines.Err()
}

// draw plots the gaps of the strict trials, a dot a trial.
func draw(all []*row) string {
	const left, top, high, wide, limit = 150, 46, 24, 560.0, 16.0
	var strict []*row
	for _, r := range all {
		if r.Mode == "strict" && r.DownAfter == 1000 {
			strict = append(strict, r)
		}
	}
	bottom := top + high*len(strict)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" font-family="system-ui, sans-serif" font-size="12" fill="#444">`+"\n", bottom+40)
	fmt.Fprintf(&b, `<rect width="760" height="%d" fill="#fff"/>`+"\n", bottom+40)
	b.WriteString(`<text x="16" y="24" font-size="14" fill="#111">Longest time without an acknowledged change, a dot a trial (strict, down-after 1 s)</text>` + "\n")
	for s := 0; s <= limit; s += 2 {
		x := left + wide*float64(s)/limit
		fmt.Fprintf(&b, `<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#ddd"/><text x="%.0f" y="%d" text-anchor="middle">%d s</text>`+"\n", x, top-8, x, bottom, x, bottom+18, s)
	}
	promised := left + wide*6/limit
	fmt.Fprintf(&b, `<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#b3261e" stroke-dasharray="4 3"/>`+"\n", promised, top-8, promised, bottom)
	for i, r := range strict {
		y := top + high*i + high/2
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", left-12, y+4, r.Fault)
		for _, g := range r.gaps {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%d" r="4" fill="#2457c5" fill-opacity="0.45"/>`+"\n", left+wide*min(g, limit)/limit, y)
		}
	}
	return b.String() + "</svg>\n"
}
