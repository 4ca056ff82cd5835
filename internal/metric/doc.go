// Package metric owns every metric of the daemon: its name, its labels, and the values that a label may have.
//
// It counts the events of internal/event; packages with rules never change a counter themselves.
package metric
