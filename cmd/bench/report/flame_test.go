package report

import (
	"strings"
	"testing"
	"time"
)

func TestFlame(t *testing.T) {
	t.Parallel()
	const traces = `File: oauth2d
Type: cpu
-----------+-------------------------------------------------------
      30ms   runtime.mallocgc
             a/b/token.Issue (inline)
             main.main
-----------+-------------------------------------------------------
     1.01s   a/b/token.Issue
             main.main
-----------+-------------------------------------------------------
`
	root, err := ReadTraces(strings.NewReader(traces))
	if err != nil {
		t.Fatal(err)
	}
	issue := root.callees["main.main"].callees["a/b/token.Issue"]
	if root.total != 1040*time.Millisecond || issue.total != root.total || issue.callees["runtime.mallocgc"].total != 30*time.Millisecond {
		t.Errorf("%v of %v", issue.total, root.total)
	}
	if svg := root.Flame("a <title>"); !strings.Contains(svg, ">token.Issue<") || !strings.Contains(svg, "a &lt;title&gt;") {
		t.Error(svg)
	}
}
