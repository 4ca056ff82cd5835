package main

import (
	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
)

func newCompletion(c *cli) *cobra.Command {
	shell := func(name, example string, write func(root *cobra.Command) error) *cobra.Command {
		return &cobra.Command{
			Use: name, Short: "print the completion script for " + name, Example: example, Args: command.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return write(cmd.Root()) },
		}
	}
	return command.Group("completion", "print completion scripts for shells",
		shell("bash", "  oauth2d completion bash > /etc/bash_completion.d/oauth2d", func(r *cobra.Command) error { return r.GenBashCompletionV2(c.Out, true) }),
		shell("fish", "  oauth2d completion fish > ~/.config/fish/completions/oauth2d.fish", func(r *cobra.Command) error { return r.GenFishCompletion(c.Out, true) }),
		shell("powershell", "  oauth2d completion powershell | Out-String | Invoke-Expression", func(r *cobra.Command) error { return r.GenPowerShellCompletionWithDesc(c.Out) }),
		shell("zsh", "  oauth2d completion zsh > \"${fpath[1]}/_oauth2d\"", func(r *cobra.Command) error { return r.GenZshCompletion(c.Out) }))
}
