package main

import (
	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

func newLogin(c *cli) *cobra.Command {
	var id credentials.Identity
	var server, issuer, scope, secretFile string
	cmd := &cobra.Command{
		Use:   "login",
		Short: "log in to a server, and store the login for the following commands",
		Long: "Log in to the admin API of a server. With --secret-file a client logs in; without it a person signs in through\n" +
			"the browser, with a public client that is registered for http://127.0.0.1" + credentials.CallbackPath + ". People must be listed in\n" +
			"the server's admin.operators. The credentials are stored in a file that only you can read\n" +
			"($XDG_CONFIG_HOME/oauth2d/login.json, or OAUTH2D_CLI_LOGIN_FILE); oauth2d logout removes it.",
		Example: `  # once, on the server: the client that people sign in with
  oauth2d client create oauth2d-cli --direct --public --native --grant authorization_code,refresh_token \
    --redirect-uri http://127.0.0.1/callback --scope "openid admin:*"

  # a person, through the browser
  oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com

  # a client with a secret
  oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com --client-id ops --secret-file ops.secret`,
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logins := &credentials.Store{Console: c.Console}
			id = logins.Completed(id, server, issuer)
			if id.Server == "" || id.Issuer == "" {
				return exit.Usagef("login requires --server and --issuer; hint: oauth2d login --server http://127.0.0.1:9090 --issuer https://auth.example.com")
			}
			return exit.Explain(cmd.CommandPath(), logins.Login(cmd.Context(), id, secretFile, scope))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&server, "server", "", "operators' listener of the server, such as http://127.0.0.1:9090 (or OAUTH2D_CLI_SERVER)")
	flags.StringVar(&issuer, "issuer", "", "issuer of the tokens (or OAUTH2D_CLI_ISSUER)")
	flags.StringArrayVar(&id.Origins, "endpoint-origin", nil, "origin that is allowed for the issuer's endpoints besides its own, such as https://login.example.com; may be repeated (or OAUTH2D_CLI_ENDPOINT_ORIGINS)")
	flags.StringVar(&id.ClientID, "client-id", credentials.DefaultClient, "client that logs in")
	flags.StringVar(&secretFile, "secret-file", "", "file with the client's secret (- is standard input); empty: a person signs in through the browser")
	flags.StringVar(&scope, "scope", "openid admin:*", "scope that a person requests")
	return cmd
}

func newLogout(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "remove the stored login, and revoke the grant of a person",
		Example: "  oauth2d logout",
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return exit.Explain(cmd.CommandPath(), (&credentials.Store{Console: c.Console}).Logout(cmd.Context()))
		},
	}
}
