package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

// NoArgs refuses arguments. For a command with subcommands the error suggests similar names.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return exit.Usagef("%q is not a command of %q; hint: did you mean %s?", args[0], cmd.CommandPath(), strings.Join(near, " or "))
	}
	if cmd.HasSubCommands() {
		return exit.Usagef("%q is not a command of %q; hint: %s --help lists them", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	return exit.Usagef("%q is not understood; hint: %s --help", args[0], cmd.CommandPath())
}

// OneArg requires one argument; what describes it in the error.
func OneArg(what string) cobra.PositionalArgs { return ManyArgs(1, what) }

// ManyArgs requires n arguments; what describes them in the error.
func ManyArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return exit.Usagef("%s requires %s; hint: %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}

// Group returns a command that only holds others.
func Group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(below...)
	return cmd
}

// RefuseEmptyFlags refuses an empty value in a destructive command: an unset variable of a script becomes an empty
// filter, and would destroy more than was meant.
func RefuseEmptyFlags(cmd *cobra.Command) error {
	if cmd.Flags().Lookup("dry-run") == nil {
		return nil
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = exit.Usagef("%s: --%s is empty; hint: leave it out if that is meant", cmd.CommandPath(), f.Name)
		}
	})
	return err
}
