// Package memo owns the ways in which this process remembers answers: Map, a bounded map whose entries may expire,
// and Reads, with which concurrent callers share one read.
package memo
