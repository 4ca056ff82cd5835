package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// ConfirmFlags are the flags of destructive commands: --dry-run and --yes.
type ConfirmFlags struct {
	DryRun bool
	Yes    bool
}

// Bind adds the flags.
func (c *ConfirmFlags) Bind(flags *pflag.FlagSet) {
	flags.BoolVar(&c.DryRun, "dry-run", false, "print what would be done, and change nothing")
	flags.BoolVarP(&c.Yes, "yes", "y", false, "do not ask for confirmation")
}

// Confirm reports whether to go on. A dry run prints what would be done, and stops. On a terminal the answer must be yes.
// Scripts are not asked.
func (c *Console) Confirm(f ConfirmFlags, format string, args ...any) (bool, error) {
	what := fmt.Sprintf(format, args...)
	if f.DryRun {
		c.Say("dry run: would %s", what)
		return false, nil
	}
	if f.Yes || !c.Terminal {
		return true, nil
	}
	fmt.Fprintf(c.Err, "%s? [y/N] ", what)
	answer, err := bufio.NewReader(io.LimitReader(c.In, 64)).ReadString('\n')
	if err != nil && answer == "" {
		return false, errNotConfirmed
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, errNotConfirmed
}

// errNotConfirmed is the error of a command whose question was not answered by yes.
var errNotConfirmed = errors.New("not confirmed, nothing was changed")

// Progress shows the progress of long work: on a terminal in one line that is overwritten, elsewhere in plain lines.
type Progress struct {
	Console *Console
	Doing   string
	shown   bool
}

// Step shows how much is done and about how much is left.
func (p *Progress) Step(done, left int) {
	if p.Console.Terminal {
		fmt.Fprintf(p.Console.Err, "\r%s: %d done, about %d to go ", p.Doing, done, left)
		p.shown = true
		return
	}
	p.Console.Say("%s: %d done, about %d to go", p.Doing, done, left)
}

// End ends the line.
func (p *Progress) End() {
	if p.shown {
		fmt.Fprintln(p.Console.Err)
	}
}

// Action is a change that a person confirms first.
type Action struct {
	Does string // completes "would ...", such as "delete user ada"
	Did  string // the message afterwards, such as "user ada is deleted"
	Do   func() error
}

// Perform asks for confirmation, carries the action out and prints that it is done.
func (c *Console) Perform(f ConfirmFlags, a Action) error {
	if ok, err := c.Confirm(f, "%s", a.Does); !ok {
		return err
	}
	if err := a.Do(); err != nil {
		return err
	}
	c.Say("%s", a.Did)
	return nil
}

// EndEach asks for confirmation and ends things of one kind, such as sessions, by their names. It stops at the first
// error.
func (c *Console) EndEach(f ConfirmFlags, kind string, names []string, end func(name string) error) error {
	if ok, err := c.Confirm(f, "end %s", Count(len(names), kind)); !ok {
		return err
	}
	for _, name := range names {
		if err := end(name); err != nil {
			return err
		}
		c.Say("%s %s has ended", kind, name)
	}
	return nil
}
