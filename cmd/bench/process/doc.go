// Package process owns the servers of a benchmark as operating-system processes: starting and stopping them, and
// reading their processor time and memory.
package process
