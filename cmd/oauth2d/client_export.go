package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/declaration"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newClientExport(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "print all clients as YAML for `client apply`, without secrets",
		Example: "  oauth2d client export --direct > clients.yaml",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		all := struct {
			Clients []declaration.Client `json:"clients"`
		}{[]declaration.Client{}}
		for client, err := range api.Clients(ctx) {
			if err != nil {
				return err
			}
			all.Clients = append(all.Clients, declaration.Declare(client))
		}
		if c.Output == "json" {
			return console.PrintJSON(c.Out, all)
		}
		return console.PrintYAML(c.Out, all)
	})
}
