// Package adminclient owns the Go client of the admin API: one method for each operation, iterators over pages, and
// the server's problems as errors.
package adminclient
