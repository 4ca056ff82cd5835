package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/importer"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

// served returns the values that this program supports.
func served() clientmeta.Served { return clientmeta.ServedBy(app.Supported()) }

// completeWords adds completions to flags with a fixed list of values.
func completeWords(root *cobra.Command) {
	lists := map[string][]string{
		"output": {"table", "json", "yaml"},
		"event":  event.Names(),
		"use":    {keyring.UseSign, keyring.UseMAC, keyring.UsePepper},
		"reset":  clientmeta.Names(),
	}
	for _, p := range clientmeta.Properties() {
		if p.Values != nil && p.Flag.Name != "" && p.Flag.On == "" {
			lists[p.Flag.Name] = p.Values(served())
		}
	}
	command.EachCommand(root, func(cmd *cobra.Command) {
		for flag, words := range lists {
			if cmd.Flags().Lookup(flag) != nil {
				command.Complete(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
			}
		}
		if cmd.Name() == "import" {
			command.Complete(cmd, "from", cobra.FixedCompletions(importer.Kinds(), cobra.ShellCompDirectiveNoFileComp))
		}
		if strings.HasSuffix(cmd.Use, "FILE") || cmd.ValidArgsFunction != nil {
			return
		}
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	})
	command.Complete(root, "output", cobra.FixedCompletions(lists["output"], cobra.ShellCompDirectiveNoFileComp))
}
