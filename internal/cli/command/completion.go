package command

import "github.com/spf13/cobra"

// Complete registers a completion of a flag's value. A flag that has one already keeps it.
func Complete(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, with) // the only error is that there is one already
}

// EachCommand calls do for a command and all commands below it.
func EachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, below := range cmd.Commands() {
		EachCommand(below, do)
	}
}
