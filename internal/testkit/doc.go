// Package testkit owns what whole-server tests share: a daemon on free ports with embedded Redis
// and a clock that the test moves, a person with a browser that has no JavaScript, and a relying
// party.
package testkit
