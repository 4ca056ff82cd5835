package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/clientflags"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClient(c *cli) *cobra.Command {
	return command.Group("client", "manage clients",
		newClientCreate(c), newClientList(c), newClientShow(c), newClientUpdate(c), newClientDisable(c), newClientEnable(c), newClientDelete(c),
		newClientSecrets(c), newClientRotateSecret(c), newClientDropSecret(c), newClientRevokeTokens(c),
		newClientApply(c), newClientExport(c), newClientImport(c))
}

func newClientCreate(c *cli) *cobra.Command {
	var secretFile, hashFile string
	cmd := &cobra.Command{
		Use:   "create ID",
		Short: "register a client; a generated secret is printed once",
		Example: `  # a service that calls others on its own behalf
  oauth2d client create planner --direct --grant client_credentials --scope "read write"

  # a resource server that may introspect every token
  oauth2d client create recipes --direct --grant client_credentials --introspection any

  # a single-page app
  oauth2d client create web --direct --public --grant authorization_code,refresh_token \
    --redirect-uri https://app.example.com/callback --scope "openid profile read"`,
		Args: command.OneArg("the id of the new client"),
	}
	flags := clientflags.Bind(cmd.Flags(), served())
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with a secret that was chosen elsewhere (- is standard input); empty: one is generated")
	cmd.Flags().StringVar(&hashFile, "secret-hash-file", "", "file with the argon2id, bcrypt or pbkdf2-sha256 hash of a secret, as another server kept it (- is standard input)")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		var wanted adminwire.ClientForm
		var err error
		if wanted.Client, err = flags.Client(args[0]); err != nil {
			return err
		}
		if wanted.Secret, err = c.ReadSecret(secretFile); err != nil {
			return err
		}
		if wanted.SecretHash, err = c.ReadSecret(hashFile); err != nil {
			return err
		}
		flags.Warn(c.Console)
		made, err := api.CreateClient(ctx, wanted)
		if err != nil {
			return exit.WithFlagNames(err, clientflags.Names())
		}
		switch {
		case made.Secret != "":
			if err := c.Reveal(console.ClientSecret(string(made.ID), "is registered"), made.Secret, made); err != nil {
				return err
			}
		case c.Output == "table":
			fmt.Fprintln(c.Out, made.ID)
			c.Say("client %s is registered", made.ID)
			return nil
		default:
			return c.Print(made, console.Table{})
		}
		if c.Output == "table" {
			c.Say("client %s is registered; above is its secret: keep it where the client reads it, it cannot be shown again", made.ID)
		}
		return nil
	})
}

// onClient makes do the work of a command about the client that its argument names.
func (c *cli) onClient(cmd *cobra.Command, do func(ctx context.Context, api *adminclient.Client, client adminwire.Client) error) *cobra.Command {
	cmd.Args = command.OneArg("the id of a client")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		client, err := api.Client(ctx, args[0])
		if err != nil {
			return err
		}
		return do(ctx, api, client)
	})
}

// kindOf returns the kind of a client in a word.
func kindOf(client adminwire.Client) string {
	switch {
	case client.Disabled:
		return "disabled"
	case client.Public():
		return "public"
	default:
		return "confidential"
	}
}

func newClientList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the clients",
		Example: "  oauth2d client list --direct",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		clients, err := adminclient.Collect(api.Clients(ctx), 0)
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"client id", "kind", "grants", "scope", "created"}}
		for _, client := range clients {
			t.Rows = append(t.Rows, []string{string(client.ID), kindOf(client), strings.Join(client.GrantTypes, ","), console.OrDash(client.Scopes.String()), c.When(client.Created)})
		}
		return c.Print(clients, t)
	})
}

func newClientShow(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show a client; its secrets are not stored and cannot be shown",
		Example: "  oauth2d client show planner --direct --output yaml",
	}
	return c.onClient(cmd, func(_ context.Context, _ *adminclient.Client, client adminwire.Client) error {
		return c.Print(client, c.clientTable(client))
	})
}

// clientTable lists the properties in the order of the table of clientmeta, with the kind behind the name.
func (c *cli) clientTable(client adminwire.Client) console.Table {
	t := console.Table{Rows: [][]string{{"client id", string(client.ID)}}}
	for i, row := range clientmeta.Rows(client.Client) {
		t.Rows = append(t.Rows, []string{row.Label, row.Value})
		if i == 0 {
			t.Rows = append(t.Rows, []string{"kind", kindOf(client)})
		}
	}
	t.Rows = append(t.Rows,
		[]string{"tokens valid from", c.When(client.NotBefore)}, []string{"created", c.When(client.Created)}, []string{"updated", c.When(client.Updated)})
	return t
}
