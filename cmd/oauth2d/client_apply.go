package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/declaration"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newClientApply(c *cli) *cobra.Command {
	var file string
	var prune declaration.Prune
	var confirm console.ConfirmFlags
	var secrets console.SecretsDir
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "register, change and delete clients until they match a file",
		Long: "Print the difference between a YAML file and the clients of the server, and carry it out: missing clients are\n" +
			"registered, different ones changed, and with --prune those that the file does not name are deleted. Applying\n" +
			"a file twice changes nothing the second time. The members of a client are those of the admin API; a member\n" +
			"that is left out gets its default, except disabled: a client that was disabled by hand stays disabled until\n" +
			"the file says disabled: false. Secrets are set when a client is registered and never changed afterwards. If\n" +
			"the file declares scopes, its clients cannot have others, so that a misspelled scope is found.",
		Example: `  oauth2d client apply -f clients.yaml --direct --dry-run
  oauth2d client apply -f clients.yaml --direct --prune --yes

  # clients.yaml
  scopes:
    - name: read
      description: Read your recipes
  clients:
    - client_id: planner
      grant_types: [client_credentials]
      scope: read
    - client_id: web
      token_endpoint_auth_method: none
      grant_types: [authorization_code, refresh_token]
      redirect_uris: [https://app.example.com/callback]
      scope: openid read`,
		Args: command.NoArgs,
	}
	confirm.Bind(cmd.Flags())
	secrets.Bind(cmd.Flags())
	cmd.Flags().StringVarP(&file, "file", "f", "", "file that declares the clients (- is standard input)")
	cmd.Flags().BoolVar(&prune.Wanted, "prune", false, "delete clients that the file does not name, except the one that you are logged in as and those with an admin scope")
	cmd.Flags().BoolVar(&prune.Operators, "prune-operators", false, "with --prune: delete also clients with an admin scope")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if file == "" {
			return exit.Usagef("%s requires --file; hint: %s --help shows one", cmd.CommandPath(), cmd.CommandPath())
		}
		wanted, err := declaration.Read(c.Console, file)
		if err != nil {
			return err
		}
		if prune.Operators && !prune.Wanted {
			return exit.Usagef("%s: --prune-operators needs --prune", cmd.CommandPath())
		}
		if prune.Wanted && len(wanted) == 0 {
			return exit.Usagef("%s: --prune would delete every client, because %s declares none", cmd.CommandPath(), file)
		}
		a := declaration.Applier{Console: c.Console, API: api, Self: c.target.Self, Prune: prune, Confirm: confirm, Secrets: secrets}
		return a.Apply(ctx, wanted)
	})
}
