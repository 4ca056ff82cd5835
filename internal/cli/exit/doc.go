// Package exit owns how a command ends: its exit code, and the line on standard error that reports what went wrong and what
// to do about it.
//
// An Error carries both. Usagef makes one for a command line that was not understood; Explain turns any error, those of
// the admin API included, into the text for the terminal.
package exit
