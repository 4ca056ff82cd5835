package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// durationFlag is a flag that reads a duration as the settings do: 90s, 15m, 7d, or seconds.
type durationFlag time.Duration

// durationVar adds such a flag. Its default is what the variable holds.
func durationVar(flags *pflag.FlagSet, into *time.Duration, name, usage string) {
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

// Type implements pflag.Value; the help shows it.
func (d *durationFlag) Type() string { return "duration" }
