package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClient(s *shared) *cobra.Command {
	return group("client", "register and look after clients",
		newClientCreate(s), newClientList(s), newClientShow(s), newClientUpdate(s), newClientDisable(s), newClientEnable(s), newClientDelete(s),
		newClientSecrets(s), newClientRotateSecret(s), newClientDropSecret(s), newClientRevokeTokens(s),
		newClientApply(s), newClientExport(s), newClientImport(s))
}

func newClientCreate(s *shared) *cobra.Command {
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
		Args: oneArg("the id of the new client"),
	}
	flags := bindClientFlags(cmd.Flags())
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with a secret that was chosen elsewhere (- is standard input); empty: one is generated")
	cmd.Flags().StringVar(&hashFile, "secret-hash-file", "", "file with the argon2id, bcrypt or pbkdf2-sha256 hash of a secret, as another server kept it (- is standard input)")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		var wanted adminwire.ClientForm
		var err error
		if wanted.Client, err = flags.client(args[0]); err != nil {
			return err
		}
		if wanted.Secret, err = s.secretFrom(secretFile); err != nil {
			return err
		}
		if wanted.SecretHash, err = s.secretFrom(hashFile); err != nil {
			return err
		}
		flags.warn(s)
		made, err := api.CreateClient(ctx, wanted)
		if err != nil {
			return inWords(err, clientWords())
		}
		switch {
		case made.Secret != "":
			if err := s.reveal(ofClient(string(made.ID), "is registered"), made.Secret, made); err != nil {
				return err
			}
		case s.output == "table":
			fmt.Fprintln(s.out, made.ID)
			s.say("client %s is registered", made.ID)
			return nil
		default:
			return s.print(made, table{})
		}
		if s.output == "table" {
			s.say("client %s is registered; above is its secret: keep it where the client reads it, it cannot be shown again", made.ID)
		}
		return nil
	})
}

// secretFrom reads a secret out of a file, or from standard input.
func (s *shared) secretFrom(file string) (string, error) {
	switch file {
	case "":
		return "", nil
	case "-":
		return firstLine(s.in)
	}
	return onlyLine(file)
}

// kindOf is a client's kind in a word.
func kindOf(c adminwire.Client) string {
	switch {
	case c.Disabled:
		return "disabled"
	case c.Public():
		return "public"
	default:
		return "confidential"
	}
}

func newClientList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the clients",
		Example: "  oauth2d client list --direct",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		clients, err := adminclient.Collect(api.Clients(ctx), 0)
		if err != nil {
			return err
		}
		t := table{head: []string{"client id", "kind", "grants", "scope", "created"}}
		for _, c := range clients {
			t.rows = append(t.rows, []string{string(c.ID), kindOf(c), strings.Join(c.GrantTypes, ","), orDash(c.Scopes.String()), s.when(c.Created)})
		}
		return s.print(clients, t)
	})
}

func newClientShow(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "show a client; its secrets are not stored and cannot be shown",
		Example: "  oauth2d client show planner --direct --output yaml",
		Args:    oneArg("the id of a client"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		c, err := api.Client(ctx, args[0])
		if err != nil {
			return err
		}
		return s.print(c, s.clientTable(c))
	})
}

// clientTable shows the properties in the order of the table of clientmeta, the kind behind the name.
func (s *shared) clientTable(c adminwire.Client) table {
	t := table{rows: [][]string{{"client id", string(c.ID)}}}
	for i, row := range clientmeta.Rows(c.Client) {
		t.rows = append(t.rows, []string{row.Label, row.Value})
		if i == 0 {
			t.rows = append(t.rows, []string{"kind", kindOf(c)})
		}
	}
	t.rows = append(t.rows,
		[]string{"tokens valid from", s.when(c.NotBefore)}, []string{"created", s.when(c.Created)}, []string{"updated", s.when(c.Updated)})
	return t
}
