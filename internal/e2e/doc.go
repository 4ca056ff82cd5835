// Package e2e owns the tests that look at the server from outside only: the built binary, its
// command line, real HTTP, real Redis processes and a real browser. It holds no code but tests.
package e2e
