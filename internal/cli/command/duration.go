package command

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// durationFlag parses a duration in the form of the settings: 90s, 15m, 7d, or seconds.
type durationFlag time.Duration

// DurationVar adds a flag for a duration. Its default is the value of the variable.
func DurationVar(flags *pflag.FlagSet, into *time.Duration, name, usage string) {
	flags.Var((*durationFlag)(into), name, usage)
}

// String implements pflag.Value.
func (d *durationFlag) String() string { return time.Duration(*d).String() }

// Set implements pflag.Value.
func (d *durationFlag) Set(text string) error {
	read, err := config.ParseDuration(text)
	*d = durationFlag(read)
	return err
}

// Type implements pflag.Value. The help shows it.
func (d *durationFlag) Type() string { return "duration" }
