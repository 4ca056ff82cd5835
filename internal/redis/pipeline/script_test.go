package pipeline

import "testing"

// Stores that run the same source have a script value each; a new connection loads the source once.
func TestTheSameSourceIsLoadedOnce(t *testing.T) {
	t.Parallel()
	var l Library
	for _, source := range []string{"return 1", "return 2", "return 1"} {
		l.Script(source)
	}
	if len(l.sources) != 2 {
		t.Errorf("%d scripts to load, not 2", len(l.sources))
	}
}
