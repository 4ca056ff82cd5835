package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/tokencheck"
)

func newTokenCheck(c *cli) *cobra.Command {
	check := tokencheck.Check{Report: func(step string) { c.Say("%s", step) }}
	timeout := time.Minute
	cmd := &cobra.Command{
		Use:   "check",
		Short: "get, introspect and revoke a token, to see that a server works",
		Long: "Register a client for a moment, get a token from the server over HTTP, see that it is active, revoke it, see that\n" +
			"it is inactive, and delete the client. --url reaches the server past the proxies in front of it. The exit code\n" +
			"is 5 if the server does not answer in time.",
		Example: `  oauth2d token check --direct
  oauth2d token check --direct --url http://10.0.0.7:8080`,
		Args: command.NoArgs,
	}
	cmd.Flags().StringVar(&check.URL, "url", "", "where the server is reached; empty: at the issuer")
	cmd.Flags().StringVar(&check.CAFile, "ca-file", "", "PEM file with certificate authorities to trust, besides those of the system")
	command.DurationVar(cmd.Flags(), &timeout, "timeout", "maximum time, with the wait for a server that starts")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		issuer, err := cmd.Flags().GetString("issuer")
		if err != nil {
			return err
		}
		if check.Issuer = cmp.Or(issuer, c.Getenv(credentials.EnvIssuer)); check.Issuer == "" {
			of, err := c.settings.Load(func(from *config.Sources) { from.Tool = true })
			if err != nil {
				return err
			}
			check.Issuer = of.Issuer
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err = check.Run(ctx, api)
		if errors.Is(err, tokencheck.ErrNoAnswer) {
			return &exit.Error{Code: exit.Unavailable, Err: err}
		}
		return err
	})
}
