package config

import (
	"fmt"
	"strings"
)

// Problem is one mistake in the settings: where it is, what is wrong, and the remedy.
type Problem struct {
	Key    string // the setting, or the file or variable with the mistake
	Value  string // as it was written; empty when it is secret, a list, or not set
	What   string // follows the value
	Origin string // where it was set: a file and line, a variable, a flag
	Hint   string // the remedy, with an example
}

// String returns the problem in one line.
func (p Problem) String() string {
	line := p.Key + ": "
	if p.Value != "" {
		line += fmt.Sprintf("%.60q ", p.Value)
	}
	line += p.What
	if p.Origin != "" {
		line += " (" + p.Origin + ")"
	}
	if p.Hint != "" {
		line += "; hint: " + p.Hint
	}
	return line
}

// Problems lists all mistakes, so that an operator can repair them in one go.
type Problems []Problem //nolint:errname // reads as a word where it is used

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// add records a problem.
func (p *Problems) add(key, what, hint string) {
	*p = append(*p, Problem{Key: key, What: what, Hint: hint})
}

// Err returns the problems as an error, or nil when there are none.
func (p Problems) Err() error { return p.orNil() }

// orNil returns the problems as an error, or nil when there are none.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
