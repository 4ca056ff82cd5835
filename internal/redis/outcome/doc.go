// Package outcome owns the names of what became of a request to Redis: one word for each result, how an error is
// classified, and the error that callers get.
package outcome
