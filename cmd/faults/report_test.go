package main

import (
	"strings"
	"testing"
)

// The table has a row for each fault and each down-after-milliseconds of the trials, that of a chart included.
func TestTableHasARowForEveryDownAfter(t *testing.T) {
	t.Parallel()
	name := faults()[0].name
	var all []figures
	for _, down := range []int64{5000, 1500, 2000, 1500} {
		all = append(all, figures{Fault: name, Mode: "strict", DownAfter: down, Acknowledged: 7, Gap: 1})
	}
	got := table(all)
	for _, row := range []string{"| strict | 1.5 | 2 | 14 |", "| strict | 2 | 1 | 7 |", "| strict | 5 | 1 | 7 |"} {
		if !strings.Contains(got, "| `"+name+"` "+row) {
			t.Errorf("no row %q in\n%s", row, got)
		}
	}
	if rows := strings.Count(got, "\n"); rows != 5 {
		t.Errorf("%d lines in\n%s", rows, got)
	}
}
