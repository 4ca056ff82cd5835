package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/clientflags"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newClientUpdate(c *cli) *cobra.Command {
	var reset []string
	cmd := &cobra.Command{
		Use:   "update ID",
		Short: "change some properties of a client",
		Long: "Change the properties whose flags are set, and leave the others unchanged. A list replaces the whole list. --reset\n" +
			"sets a member to its default, by its name in the admin API (oauth2d client show ID -o json).",
		Example: `  oauth2d client update planner --direct --scope "read write delete"
  oauth2d client update planner --direct --reset lifetimes,default_scope
  oauth2d client update planner --direct --no-rotation=false`,
		Args: command.OneArg("the id of a client"),
	}
	flags := clientflags.Bind(cmd.Flags(), served())
	cmd.Flags().StringSliceVar(&reset, "reset", nil, "members to set to their default, such as lifetimes")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		change, err := flags.Patch()
		if err != nil {
			return err
		}
		for _, name := range reset {
			change[name] = nil
		}
		if len(change) == 0 {
			return exit.Usagef("%s: no change was requested; hint: %s --help lists the flags", cmd.CommandPath(), cmd.CommandPath())
		}
		flags.Warn(c.Console)
		return c.patchClient(ctx, api, args[0], change, "changed")
	})
}

// patchClient changes a client and prints done, or the client for machines.
func (c *cli) patchClient(ctx context.Context, api *adminclient.Client, id string, change adminclient.Patch, done string) error {
	client, err := api.PatchClient(ctx, id, change, adminclient.Condition{})
	if err != nil {
		return exit.WithFlagNames(err, clientflags.Names())
	}
	c.Say("client %s is %s", id, done)
	return c.PrintUnlessTable(client)
}

func newClientDisable(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:     "disable ID",
		Short:   "refuse every request of a client, and revoke its tokens",
		Example: "  oauth2d client disable planner --direct",
	}
	confirm.Bind(cmd.Flags())
	return c.onClient(cmd, func(ctx context.Context, api *adminclient.Client, client adminwire.Client) error {
		id := string(client.ID)
		if ok, err := c.Confirm(confirm, "disable client %s and end its tokens", id); !ok {
			return err
		}
		return c.patchClient(ctx, api, id, adminclient.Patch{"disabled": true}, "disabled, and its tokens have ended")
	})
}

func newClientEnable(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "enable ID",
		Short:   "enable a disabled client again; its tokens stay revoked",
		Example: "  oauth2d client enable planner --direct",
		Args:    command.OneArg("the id of a client"),
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		return c.patchClient(ctx, api, args[0], adminclient.Patch{"disabled": false}, "enabled")
	})
}

func newClientDelete(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:     "delete ID",
		Short:   "delete a client, and revoke its tokens",
		Example: "  oauth2d client delete planner --direct\n  oauth2d client delete planner --direct --dry-run",
	}
	confirm.Bind(cmd.Flags())
	return c.onClient(cmd, func(ctx context.Context, api *adminclient.Client, client adminwire.Client) error {
		id := string(client.ID)
		return c.Perform(confirm, console.Action{
			Does: "delete client " + id + " with its secrets and tokens", Did: "client " + id + " is deleted",
			Do: func() error { return api.DeleteClient(ctx, id, adminclient.Condition{}) },
		})
	})
}

func newClientRevokeTokens(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	var before string
	cmd := &cobra.Command{
		Use:   "revoke-tokens ID",
		Short: "revoke every code, access and refresh token of a client that was issued until now",
		Example: `  oauth2d client revoke-tokens planner --direct
  oauth2d client revoke-tokens planner --direct --before 2026-05-01T12:00:00Z`,
		Args: command.OneArg("the id of a client"),
	}
	confirm.Bind(cmd.Flags())
	cmd.Flags().StringVar(&before, "before", "", "only what is older than this time (RFC 3339) or age (such as 24h)")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		at, err := console.ParseTime("--before", before)
		if err != nil {
			return err
		}
		if _, err := api.Client(ctx, args[0]); err != nil {
			return err
		}
		return c.Perform(confirm, console.Action{
			Does: "end the tokens of client " + args[0], Did: "the tokens of client " + args[0] + " have ended",
			Do: func() error { return api.RevokeClientTokens(ctx, args[0], at) },
		})
	})
}
