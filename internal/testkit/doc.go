// Package testkit owns the fixtures of tests with a complete server: a daemon on free ports with embedded Redis and a
// clock that the test moves, a person with a browser without JavaScript, and a relying party.
package testkit
