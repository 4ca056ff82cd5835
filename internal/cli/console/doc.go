// Package console owns what a command reads and prints: results as tables, JSON or YAML on standard output, messages,
// questions and progress on standard error, secrets and passwords from files, standard input or the keyboard.
//
// A generated secret is printed once and exists nowhere else, so a failure to print one is an error of its own
// (LostSecretError).
package console
