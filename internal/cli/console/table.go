package console

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is a result for people: column names and rows of values.
type Table struct {
	Head  []string
	Rows  [][]string
	Below [][]string // lines below each row; nil: none
}

const (
	columnGap   = 2
	leastColumn = 12 // columns are not narrowed below this
)

// Print writes the table with aligned columns. If width is not 0, the widest columns are narrowed, and their text is
// wrapped, until a line fits; 0 keeps every row on one line.
func (t Table) Print(w io.Writer, width int) error {
	all := t.Rows
	if len(t.Head) > 0 {
		head := make([]string, len(t.Head))
		for i, name := range t.Head {
			head[i] = strings.ToUpper(name)
		}
		all = slices.Insert(slices.Clone(t.Rows), 0, head)
	}
	widths := columnWidths(all)
	narrow(widths, width)
	var text strings.Builder
	noteWidth := width
	if noteWidth == 0 {
		noteWidth = 120
	}
	for i, row := range all {
		writeRow(&text, row, widths)
		if at := i - (len(all) - len(t.Rows)); at >= 0 && at < len(t.Below) {
			for _, line := range t.Below[at] {
				for j, part := range wrap(line, noteWidth-4) {
					text.WriteString("  " + strings.Repeat(" ", 2*min(j, 1)) + part + "\n")
				}
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// narrow reduces the widest column until all columns fit into width.
func narrow(widths []int, width int) {
	if width <= 0 || len(widths) == 0 {
		return
	}
	total := columnGap * (len(widths) - 1)
	for _, one := range widths {
		total += one
	}
	for ; total > width; total-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= leastColumn {
			return
		}
		widths[widest]--
	}
}

func writeRow(text *strings.Builder, row []string, widths []int) {
	cells, lines := make([][]string, len(row)), 1
	for i, cell := range row {
		cells[i] = wrap(cell, widths[i])
		lines = max(lines, len(cells[i]))
	}
	for n := range lines {
		var line strings.Builder
		for i := range cells {
			part := ""
			if n < len(cells[i]) {
				part = cells[i][n]
			}
			line.WriteString(part)
			if i+1 < len(cells) {
				line.WriteString(strings.Repeat(" ", widths[i]+columnGap-utf8.RuneCountInString(part)))
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// wrap breaks text into lines of at most width characters, between words where possible. A width of 0 or less does not
// break.
func wrap(text string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	left := []rune(text)
	for len(left) > width {
		cut := width
		for i := width; i > width/3; i-- {
			if left[i] == ' ' || strings.ContainsRune(",;", left[i-1]) {
				cut = i
				break
			}
		}
		lines = append(lines, strings.TrimRight(string(left[:cut]), " "))
		left = []rune(strings.TrimLeft(string(left[cut:]), " "))
	}
	return append(lines, string(left))
}

// When formats a time for a table: relative to now, or in full with --utc; a dash for the zero time.
func (c *Console) When(t time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case c.utc:
		return FullTime(t)
	default:
		return relative(t, time.Now())
	}
}

// FullTime formats a time in full, in UTC.
func FullTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// relative formats the distance of a time from now, in its largest unit.
func relative(t, now time.Time) string {
	away := now.Sub(t)
	unit := func(d time.Duration) string {
		const day = 24 * time.Hour
		for _, one := range []struct {
			from, in time.Duration
			name     string
		}{{730 * day, 365 * day, "y"}, {2 * day, day, "d"}, {2 * time.Hour, time.Hour, "h"}, {2 * time.Minute, time.Minute, "m"}} {
			if d >= one.from {
				return strconv.FormatInt(int64(d/one.in), 10) + one.name
			}
		}
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	switch {
	case away.Abs() < time.Second:
		return "now"
	case away < 0:
		return "in " + unit(-away)
	default:
		return unit(away) + " ago"
	}
}
