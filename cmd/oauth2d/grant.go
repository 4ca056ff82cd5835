package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newGrant(c *cli) *cobra.Command {
	return command.Group("grant", "show and revoke grants", newGrantList(c), newGrantShow(c), newGrantRevoke(c))
}

func newGrantList(c *cli) *cobra.Command {
	var user, client string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the live grants of a user",
		Example: "  oauth2d grant list --direct --user ada --client web",
		Args:    command.NoArgs,
	}
	cmd.Flags().StringVar(&user, "user", "", "user (name or id)")
	cmd.Flags().StringVar(&client, "client", "", "only grants to this client")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if user == "" {
			return exit.Usagef("%s requires --user; hint: %s --user NAME", cmd.CommandPath(), cmd.CommandPath())
		}
		u, err := target.User(ctx, api, user)
		if err != nil {
			return err
		}
		grants, err := adminclient.Collect(api.Grants(ctx, u.ID, client), 0)
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"grant", "client id", "scope", "created", "used", "expires"}}
		for _, g := range grants {
			t.Rows = append(t.Rows, []string{g.Ref, g.Client, console.OrDash(g.Scope), c.When(g.Created), c.When(g.Used), c.When(g.Expires)})
		}
		return c.Print(grants, t)
	})
}

func newGrantShow(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show GRANT",
		Short:   "show a grant",
		Example: "  oauth2d grant show 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct",
		Args:    command.OneArg("the name of a grant"),
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		g, err := api.Grant(ctx, args[0])
		if err != nil {
			return err
		}
		return c.Print(g, console.Table{Rows: [][]string{
			{"grant", g.Ref}, {"client id", g.Client}, {"user", g.Username}, {"user id", g.User}, {"session", console.OrDash(g.Session)},
			{"scope", console.OrDash(g.Scope)}, {"audience", console.OrDash(strings.Join(g.Audience, " "))}, {"serial", strconv.FormatUint(uint64(g.Serial), 10)},
			{"created", c.When(g.Created)}, {"used", c.When(g.Used)}, {"expires", c.When(g.Expires)}, {"ends", c.When(g.Ends)},
			{"signed in", c.When(g.AuthTime)},
		}})
	})
}

func newGrantRevoke(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	var user, client string
	cmd := &cobra.Command{
		Use:   "revoke [GRANT...]",
		Short: "revoke grants with their refresh and access tokens",
		Example: `  oauth2d grant revoke 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct
  oauth2d grant revoke --direct --user ada --client web`,
		Args: cobra.ArbitraryArgs,
	}
	confirm.Bind(cmd.Flags())
	cmd.Flags().StringVar(&user, "user", "", "all grants of this user (name or id)")
	cmd.Flags().StringVar(&client, "client", "", "with --user: only those to this client")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if (len(args) > 0) == (user != "") || len(args) > 0 && client != "" {
			return exit.Usagef("%s requires the names of grants, or --user and perhaps --client; hint: %s --help", cmd.CommandPath(), cmd.CommandPath())
		}
		if user != "" {
			u, err := target.User(ctx, api, user)
			if err != nil {
				return err
			}
			return c.endGrantsOf(ctx, api, confirm, u, client)
		}
		return c.EndEach(confirm, "grant", args, func(ref string) error { return api.RevokeGrant(ctx, ref) })
	})
}

// endGrantsOf ends a user's grants, or those to one client.
func (c *cli) endGrantsOf(ctx context.Context, api *adminclient.Client, confirm console.ConfirmFlags, u adminwire.User, client string) error {
	to := "every client"
	if client != "" {
		to = "client " + client
	}
	if ok, err := c.Confirm(confirm, "end the grants of user %s to %s", u.Username, to); !ok {
		return err
	}
	ended, err := api.RevokeUserTokens(ctx, u.ID, client)
	if err != nil {
		return err
	}
	c.Say("%s of user %s ended", console.Count(ended, "grant"), u.Username)
	return c.PrintUnlessTable(map[string]int{"revoked": ended})
}
