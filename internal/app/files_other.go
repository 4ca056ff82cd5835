//go:build !unix

package app

// openFileLimit returns the number of files that the process may have open; 0 when that is unknown or without bound.
func openFileLimit() int { return 0 }
