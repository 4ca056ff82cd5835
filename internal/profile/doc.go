// Package profile takes runtime profiles of the daemon: one at a time, each for a bounded time.
package profile
