// Package commonpw owns the list of the 100 000 most common passwords, as a filter that is small enough to be
// part of the program. Has reports whether a password is among them; nobody can read the passwords out of the filter.
package commonpw
