//go:build race

package e2e

// raceDetector is true: the tests run under the race detector; the binary is then built with it.
const raceDetector = true
