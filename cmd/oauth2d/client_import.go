package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/importer"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newClientImport(c *cli) *cobra.Command {
	var from string
	var dryRun bool
	var renames []string
	var secrets console.SecretsDir
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "register the clients of another server, with the secrets they have",
		Long: "Register the clients of an export of Ory Hydra or Keycloak. A secret that the export holds, in the clear or as\n" +
			"a bcrypt, argon2id or PBKDF2-SHA256 hash (also in the forms of Django, passlib, Flask and LDAP), stays valid. For\n" +
			"any other hash the client gets a new secret, and is listed. Existing clients are not changed. Of two clients with\n" +
			"one id the second is refused. Parts without a counterpart here are listed below each client, and the exit code is\n" +
			"6. --dry-run makes all checks of the server.\n\n" +
			"Hydra: the JSON of its admin API or of `hydra list oauth2-clients`, or rows of its table hydra_client as JSON,\n" +
			"which hold the hashes. Keycloak: the JSON of realms (`kc.sh export`) or of clients. Both may be one object, an\n" +
			"array, or one object a line. Empty input is refused, because the program that wrote it failed.\n" +
			"An id has 1 to 64 letters, digits, - and _, and is not a UUID. Rename other ids: --rename OLD-ID=NEW-ID.",
		Example: `  oauth2d client import --from keycloak realm.json --direct --dry-run
  oauth2d client import --from hydra clients.json --direct --rename 8d3c1c9e-3b0e-4f5e-9d57-0f4b5d9f6c11=planner

  # the rows of Hydra's table
  psql -At -c 'SELECT row_to_json(c) FROM hydra_client c' hydra | oauth2d client import --from hydra - --direct`,
		Args: command.OneArg("the file of the export (- is standard input)"),
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "server that wrote the export: hydra or keycloak")
	flags.BoolVar(&dryRun, "dry-run", false, "print what would be done, and change nothing")
	flags.StringSliceVar(&renames, "rename", nil, "OLD-ID=NEW-ID: register a client of the export under another id, such as h8=planner; may be repeated")
	secrets.Bind(cmd.Flags())
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		in := importer.Importer{Console: c.Console, API: api, DryRun: dryRun, Secrets: secrets}
		return in.Import(ctx, from, args[0], renames)
	})
}
