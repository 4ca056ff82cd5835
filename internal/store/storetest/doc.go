// Package storetest owns the conformance suite of package store: random histories that are compared with a model in
// plain Go, and crowds of concurrent callers. Every implementation, on every kind of Redis, has to pass it.
//
// The histories run on a clock of their own, whose steps are large, while the lives of the records are much longer than
// the test takes: a record expires by the times in it.
package storetest
