package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newClientExport(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "print all clients as YAML that `client apply` takes; secrets are not among it",
		Example: "  oauth2d client export --direct > clients.yaml",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		all := struct {
			Clients []declared `json:"clients"`
		}{[]declared{}}
		for c, err := range api.Clients(ctx) {
			if err != nil {
				return err
			}
			all.Clients = append(all.Clients, declare(c))
		}
		if s.output == "json" {
			return printJSON(s.out, all)
		}
		return printYAML(s.out, all)
	})
}
