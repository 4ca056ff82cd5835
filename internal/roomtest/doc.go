// Package roomtest owns the set-up that the tests of several packages share: an embedded Redis, a clock that a test
// moves, recorded events, a key ring and a registry.
package roomtest
