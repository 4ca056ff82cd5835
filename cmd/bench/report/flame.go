package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Frame is one function on a stack, with the functions that it called.
type Frame struct {
	name    string
	total   time.Duration
	callees map[string]*Frame
}

var traceLine = regexp.MustCompile(`^\s*(\d+(?:\.\d+)?(?:ns|us|ms|s))?\s+(\S.*)$`)

// ReadTraces reads the output of go tool pprof -traces.
func ReadTraces(r io.Reader) (*Frame, error) {
	root := &Frame{name: "all", callees: map[string]*Frame{}}
	var stack []string
	var value time.Duration
	in := bufio.NewScanner(r)
	started := false
	for in.Scan() {
		line := in.Text()
		if strings.HasPrefix(line, "-----------+") {
			root.add(stack, value)
			stack, value, started = nil, 0, true
			continue
		}
		found := traceLine.FindStringSubmatch(line)
		if !started || found == nil {
			continue
		}
		if found[1] != "" {
			value, _ = time.ParseDuration(found[1]) // the expression matched
		}
		stack = append(stack, strings.TrimSuffix(found[2], " (inline)"))
	}
	root.add(stack, value)
	return root, in.Err()
}

// add counts one stack, from the leaf to the root.
func (f *Frame) add(stack []string, value time.Duration) {
	if value == 0 {
		return
	}
	f.total += value
	for _, name := range slices.Backward(stack) {
		next := f.callees[name]
		if next == nil {
			next = &Frame{name: name, callees: map[string]*Frame{}}
			f.callees[name] = next
		}
		next.total += value
		f = next
	}
}

const (
	flameWide = 1200.0
	flameRow  = 16
	flameDeep = 44  // further calls are left out
	flameThin = 1.5 // narrower boxes are left out
)

// Flame draws a flame graph: the width of a box is the share of the processor time, and a box stands below its caller.
func (f *Frame) Flame(title string) string {
	var b strings.Builder
	deepest := f.draw(&b, 0, 0, flameWide/float64(max(1, f.total)))
	high := 34 + flameRow*(deepest+1)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="system-ui, sans-serif" font-size="10" fill="#222">`+"\n"+
		`<rect width="100%%" height="100%%" fill="#fff"/><text x="8" y="20" font-size="14">%s</text>`+"\n", flameWide, high, html.EscapeString(title)) + b.String() + "</svg>\n"
}

// draw returns the depth of the deepest box.
func (f *Frame) draw(b *strings.Builder, x float64, depth int, scale float64) int {
	wide := float64(f.total) * scale
	if wide < flameThin || depth > flameDeep {
		return depth
	}
	y := 28 + flameRow*depth
	color := []string{"#f4a261", "#e9c46a", "#f2b880", "#efc88b"}[(len(f.name)+depth)%4]
	if strings.HasPrefix(f.name, "runtime.") {
		color = "#b8c4d6"
	}
	short := f.name[strings.LastIndex(f.name, "/")+1:]
	fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%s %.1f %%</title></rect>`, x, y, wide-0.3, flameRow-1, color, html.EscapeString(short), 100*wide/flameWide)
	if letters := int(wide / 5.4); letters > 3 {
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`, x+2, y+11, html.EscapeString(short[:min(letters, len(short))]))
	}
	b.WriteByte('\n')
	deepest := depth
	for _, name := range slices.Sorted(maps.Keys(f.callees)) {
		callee := f.callees[name]
		deepest = max(deepest, callee.draw(b, x, depth+1, scale))
		x += float64(callee.total) * scale
	}
	return deepest
}
