package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/doctor"
)

func newHealthcheck(c *cli) *cobra.Command {
	var url string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "ask a running server whether it is ready; exit code 0 if it is",
		Example: `  oauth2d healthcheck
  oauth2d healthcheck --url http://10.0.0.7:9090/health/ready`,
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				url = "http://" + doctor.AdminAddr(c.settings) + "/health/ready"
			}
			return doctor.Ready(cmd.Context(), c.Out, url, timeout)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "address of the health check; empty: /health/ready on admin.listen")
	timeout = 2 * time.Second
	command.DurationVar(cmd.Flags(), &timeout, "timeout", "maximum time for the answer")
	return cmd
}
