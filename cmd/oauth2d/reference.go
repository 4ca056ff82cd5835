package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
)

//go:generate sh -c "go run . reference > ../../docs/cli.md"

func newReference(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "reference",
		Short:   "print the reference page of all commands",
		Example: "  oauth2d reference > cli.md",
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(c.Out, command.Reference(cmd.Root()))
			return err
		},
	}
}
