// Package e2e owns the tests that use the server only from outside: the built binary, its command line, real HTTP, real
// Redis processes and a real browser. It has no code besides tests.
package e2e
