package main

import "testing"

// The chart's copies of files below deploy, and the schema of its values, are those that make manifests writes. Whether deploy/k8s
// is, make test-deploy checks: that needs helm.
func TestChartFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	const root = "../.."
	files, err := chartFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	stale, err := compare(root, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Error(outdated(stale))
	}
}
