package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/clientflags"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClientSecrets(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets ID",
		Short:   "list a client's secrets by id and expiry; the secrets themselves are not stored",
		Example: "  oauth2d client secrets planner --direct",
		Args:    command.OneArg("the id of a client"),
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		secrets, err := api.Secrets(ctx, args[0])
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"secret id", "scheme", "created", "expires"}}
		for _, one := range secrets {
			t.Rows = append(t.Rows, []string{one.ID, one.Scheme, c.When(one.Created), c.When(one.Expires)})
		}
		return c.Print(secrets, t)
	})
}

func newClientRotateSecret(c *cli) *cobra.Command {
	var overlap, life time.Duration
	cmd := &cobra.Command{
		Use:   "rotate-secret ID",
		Short: "make a new secret; earlier secrets stay valid for the overlap",
		Example: `  # the old secret works for another day
  oauth2d client rotate-secret planner --direct

  # the old secret leaked
  oauth2d client rotate-secret planner --direct --overlap 0`,
		Args: command.OneArg("the id of a client"),
	}
	overlap = 24 * time.Hour
	command.DurationVar(cmd.Flags(), &overlap, "overlap", "time for which earlier secrets stay valid; 0: revoke them at once")
	command.DurationVar(cmd.Flags(), &life, "expires-in", "lifetime of the new secret; 0: it does not expire")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if overlap%time.Second != 0 || life%time.Second != 0 {
			// Rounded to seconds, a short life would become 0, which means for ever.
			return exit.Usagef("%s: --overlap and --expires-in are whole seconds", cmd.CommandPath())
		}
		seconds := int64(overlap / time.Second)
		made, err := api.CreateSecret(ctx, args[0], adminwire.SecretCreate{Overlap: &seconds, ExpiresIn: int64(life / time.Second)})
		if err != nil {
			return exit.WithFlagNames(err, clientflags.Names())
		}
		if err := c.Reveal(console.ClientSecret(args[0], "has a new secret"), made.Value, made); err != nil || c.Output != "table" {
			return err
		}
		c.Say("above is the new secret %s of client %s: keep it where the client reads it, it cannot be shown again; the earlier ones end in %s",
			made.ID, args[0], overlap)
		return nil
	})
}

func newClientDropSecret(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:     "drop-secret ID SECRET-ID",
		Short:   "revoke one secret of a client at once",
		Example: "  oauth2d client secrets planner --direct\n  oauth2d client drop-secret planner s_a1b2c3 --direct",
		Args:    command.ManyArgs(2, "the id of a client and the id of a secret"),
	}
	confirm.Bind(cmd.Flags())
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		which := "secret " + args[1] + " of client " + args[0]
		return c.Perform(confirm, console.Action{
			Does: "end " + which, Did: which + " has ended", Do: func() error { return api.DeleteSecret(ctx, args[0], args[1]) },
		})
	})
}
