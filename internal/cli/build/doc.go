// Package build owns the description of this binary: its release, its commit, and what compiled it.
package build
