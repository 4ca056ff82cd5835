package pipeline

import "testing"

// Stores that run the same source have a script value each; a new connection loads the source once.
func TestTheSameSourceIsLoadedOnce(t *testing.T) {
	t.Parallel()
	var l Library
	l.Add(NewScript("return 1"), NewScript("return 2"))
	l.Add(NewScript("return 1"))
	if len(l.scripts) != 2 {
		t.Errorf("%d scripts to load, not 2", len(l.scripts))
	}
}
