package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// care is how a command that destroys is kept from doing it by mistake.
type care struct {
	dryRun bool
	yes    bool
}

func (c *care) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "tell what would be done, and change nothing")
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

// noneEmpty refuses an empty value in a command that destroys: it is what a script's unset variable
// becomes, and a filter that is left out by mistake destroys more.
func noneEmpty(cmd *cobra.Command) error {
	if cmd.Flags().Lookup("dry-run") == nil {
		return nil
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = usage("%s: --%s is empty; hint: leave it out if that is meant", cmd.CommandPath(), f.Name)
		}
	})
	return err
}

// sure reports whether to go on. A dry run says what would be done and ends there; on a terminal the
// answer has to be yes; a script is taken at its word.
func (s *shared) sure(c care, format string, args ...any) (bool, error) {
	what := fmt.Sprintf(format, args...)
	if c.dryRun {
		s.say("dry run: would %s", what)
		return false, nil
	}
	if c.yes || !s.terminal {
		return true, nil
	}
	fmt.Fprintf(s.err, "%s? [y/N] ", what)
	answer, err := bufio.NewReader(io.LimitReader(s.in, 64)).ReadString('\n')
	if err != nil && answer == "" {
		return false, errNotConfirmed
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, errNotConfirmed
}

// progress tells how far long work is: in one line that is written again on a terminal, in plain
// lines elsewhere.
type progress struct {
	s    *shared
	what string
	told bool
}

// step tells how much is done and about how much is left.
func (p *progress) step(done, left int) {
	if p.s.terminal {
		fmt.Fprintf(p.s.err, "\r%s: %d done, about %d to go ", p.what, done, left)
		p.told = true
		return
	}
	p.s.say("%s: %d done, about %d to go", p.what, done, left)
}

// end leaves the line.
func (p *progress) end() {
	if p.told {
		fmt.Fprintln(p.s.err)
	}
}
