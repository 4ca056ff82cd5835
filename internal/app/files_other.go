//go:build !unix

package app

// openFileLimit returns how many files the process may have open; 0 when that is unknown or unlimited.
func openFileLimit() int { return 0 }
