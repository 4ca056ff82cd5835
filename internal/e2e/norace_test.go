//go:build !race

package e2e

// raceDetector is false: the tests run without the race detector.
const raceDetector = false
