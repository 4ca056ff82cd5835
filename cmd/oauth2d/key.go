package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/keyring"
)

func newKey(c *cli) *cobra.Command {
	return command.Group("key", "manage the server's own keys", newKeyList(c), newKeyRotate(c), newKeyDrop(c))
}

func newKeyList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the server's keys and the dates of their rotation",
		Example: "  oauth2d key list --direct",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		keys, err := api.Keys(ctx)
		if err != nil {
			return err
		}
		return c.printKeys(keys)
	})
}

func (c *cli) printKeys(keys []adminwire.Key) error {
	t := console.Table{Head: []string{"id", "use", "algorithm", "state", "active", "retires", "drops"}}
	for _, k := range keys {
		t.Rows = append(t.Rows, []string{k.ID, k.Use, console.OrDash(k.Algorithm), k.State, c.When(k.Active), c.When(k.Retires), c.When(k.Drops)})
	}
	return c.Print(keys, t)
}

func newKeyRotate(c *cli) *cobra.Command {
	var use string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "rotate keys now, ahead of the schedule",
		Long: "Make new keys. They are used once every server has read them, a few seconds later. What the earlier keys signed or\n" +
			"sealed stays valid until it expires.",
		Example: "  oauth2d key rotate --direct\n  oauth2d key rotate --direct --use mac",
		Args:    command.NoArgs,
	}
	cmd.Flags().StringVar(&use, "use", keyring.UseSign, "which keys: sign (JWTs), mac (codes, refresh tokens), pepper (client secrets)")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if use != keyring.UseSign && use != keyring.UseMAC && use != keyring.UsePepper {
			return exit.NotOneOf("--use", use, []string{keyring.UseSign, keyring.UseMAC, keyring.UsePepper})
		}
		keys, err := api.RotateKeys(ctx, use)
		if err != nil {
			return err
		}
		c.Say("new %s keys are made; they serve in a few seconds", use)
		return c.printKeys(keys)
	})
}

func newKeyDrop(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:   "drop KID",
		Short: "remove a leaked key at once; everything it signed or sealed is refused",
		Long: "Remove a key for good. Everything that it signed or sealed is refused from then on: JWTs of a sign key, codes\n" +
			"and refresh tokens of a mac key, client secrets of a pepper. Rotate first, so that another key is in use.",
		Example: "  oauth2d key rotate --direct\n  oauth2d key drop es256-0a1b2c3d --direct",
		Args:    command.OneArg("the id of a key"),
	}
	confirm.Bind(cmd.Flags())
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		return c.Perform(confirm, console.Action{
			Does: "drop key " + args[0] + ", so that everything it made is refused", Did: "key " + args[0] + " is gone",
			Do: func() error { return api.DropKey(ctx, args[0]) },
		})
	})
}
