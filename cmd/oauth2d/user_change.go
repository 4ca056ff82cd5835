package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newUserUpdate(c *cli) *cobra.Command {
	var email, display string
	var verified, mustChange bool
	cmd := &cobra.Command{
		Use:     "update NAME",
		Short:   "change some properties of a user",
		Example: "  oauth2d user update ada --direct --email ada@example.org --email-verified",
		Args:    command.OneArg("the name or id of a user"),
	}
	cmd.Flags().StringVar(&email, "email", "", "email address; empty removes it")
	cmd.Flags().BoolVar(&verified, "email-verified", false, "the email address is verified")
	cmd.Flags().StringVar(&display, "display-name", "", "name that people see; empty removes it")
	cmd.Flags().BoolVar(&mustChange, "must-change", false, "the user has to choose another password at the next sign-in")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		change := adminclient.Patch{}
		text := func(flag, name, value string) {
			if cmd.Flags().Changed(flag) {
				change[name] = value
				if value == "" {
					change[name] = nil
				}
			}
		}
		text("email", "email", email)
		text("display-name", "display_name", display)
		for flag, to := range map[string]adminclient.Patch{
			"email-verified": {"email_verified": verified}, "must-change": {"must_change_password": mustChange},
		} {
			for name, value := range to {
				if cmd.Flags().Changed(flag) {
					change[name] = value
				}
			}
		}
		if len(change) == 0 {
			return exit.Usagef("%s: no change was requested; hint: %s --help lists the flags", cmd.CommandPath(), cmd.CommandPath())
		}
		u, err := target.User(ctx, api, args[0])
		if err != nil {
			return err
		}
		return c.patchUser(ctx, api, u, change, "changed")
	})
}

// patchUser changes a user and prints done, or the user for machines.
func (c *cli) patchUser(ctx context.Context, api *adminclient.Client, u adminwire.User, change adminclient.Patch, done string) error {
	u, err := api.PatchUser(ctx, u.ID, change, adminclient.Condition{})
	if err != nil {
		return exit.WithFlagNames(err, userFlagNames())
	}
	c.Say("user %s is %s", u.Username, done)
	return c.PrintUnlessTable(u)
}

func newUserSetPassword(c *cli) *cobra.Command {
	var password console.PasswordFlags
	cmd := &cobra.Command{
		Use:     "set-password NAME",
		Short:   "set a new password, and end all sessions and grants of the user",
		Example: "  oauth2d user set-password ada --direct",
	}
	password.Bind(cmd.Flags())
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		text, generated, err := password.Read(c.Console)
		if err != nil {
			return err
		}
		if err := api.SetPassword(ctx, u.ID, adminwire.PasswordSet{Password: text, MustChange: password.MustChange}); err != nil {
			return exit.WithFlagNames(err, userFlagNames())
		}
		if generated {
			err := c.Reveal(console.UserPassword(u.Username, "has a new password and is signed out everywhere"), text, userView{User: u, Password: text})
			if err != nil {
				return err
			}
		}
		c.Say("user %s has a new password and is signed out everywhere", u.Username)
		return nil
	})
}

func newUserDisable(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:     "disable NAME",
		Short:   "disable a user, and end all sessions and grants",
		Example: "  oauth2d user disable ada --direct",
	}
	confirm.Bind(cmd.Flags())
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		if ok, err := c.Confirm(confirm, "disable user %s and end their sessions and grants", u.Username); !ok {
			return err
		}
		return c.patchUser(ctx, api, u, adminclient.Patch{"disabled": true}, "disabled and signed out everywhere")
	})
}

func newUserEnable(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "enable NAME",
		Short:   "enable a disabled user again",
		Example: "  oauth2d user enable ada --direct",
	}
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		return c.patchUser(ctx, api, u, adminclient.Patch{"disabled": false}, "enabled")
	})
}

func newUserUnlock(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unlock NAME",
		Short:   "reset the count of wrong passwords, so that a locked user can sign in at once",
		Example: "  oauth2d user unlock ada --direct",
	}
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		if err := api.UnlockUser(ctx, u.ID); err != nil {
			return err
		}
		c.Say("user %s may try again", u.Username)
		return nil
	})
}

func newUserDelete(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "delete a user with all sessions, grants and consents",
		Example: "  oauth2d user delete ada --direct\n  oauth2d user delete ada --direct --dry-run",
	}
	confirm.Bind(cmd.Flags())
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		return c.Perform(confirm, console.Action{
			Does: "delete user " + u.Username + " with their sessions, grants and consents", Did: "user " + u.Username + " is deleted",
			Do: func() error { return api.DeleteUser(ctx, u.ID, adminclient.Condition{}) },
		})
	})
}

func newUserRevokeTokens(c *cli) *cobra.Command {
	var confirm console.ConfirmFlags
	var client string
	cmd := &cobra.Command{
		Use:     "revoke-tokens NAME",
		Short:   "revoke the grants and tokens of a user; the sessions stay",
		Example: "  oauth2d user revoke-tokens ada --direct --client web",
	}
	confirm.Bind(cmd.Flags())
	cmd.Flags().StringVar(&client, "client", "", "only grants to this client")
	return c.onUser(cmd, func(ctx context.Context, api *adminclient.Client, u adminwire.User) error {
		return c.endGrantsOf(ctx, api, confirm, u, client)
	})
}
