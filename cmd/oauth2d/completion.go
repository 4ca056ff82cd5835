package main

import (
	"github.com/spf13/cobra"
)

func newCompletion(s *shared) *cobra.Command {
	shell := func(name, example string, write func(root *cobra.Command) error) *cobra.Command {
		return &cobra.Command{
			Use: name, Short: "print the completion script for " + name, Example: example, Args: noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return write(cmd.Root()) },
		}
	}
	return group("completion", "print a script that completes command lines",
		shell("bash", "  oauth2d completion bash > /etc/bash_completion.d/oauth2d", func(r *cobra.Command) error { return r.GenBashCompletionV2(s.out, true) }),
		shell("fish", "  oauth2d completion fish > ~/.config/fish/completions/oauth2d.fish", func(r *cobra.Command) error { return r.GenFishCompletion(s.out, true) }),
		shell("powershell", "  oauth2d completion powershell | Out-String | Invoke-Expression", func(r *cobra.Command) error { return r.GenPowerShellCompletionWithDesc(s.out) }),
		shell("zsh", "  oauth2d completion zsh > \"${fpath[1]}/_oauth2d\"", func(r *cobra.Command) error { return r.GenZshCompletion(s.out) }))
}
