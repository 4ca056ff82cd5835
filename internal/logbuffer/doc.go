// Package logbuffer owns how the lines of the server's log reach their destination: at once, or later and together with
// others. The order of the lines is kept.
package logbuffer
