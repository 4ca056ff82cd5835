// Package scenario owns the requests of a benchmark: for each row what is prepared, what each connection sends, and how
// an answer is checked for truth.
package scenario
