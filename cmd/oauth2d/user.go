package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

func newUser(c *cli) *cobra.Command {
	return command.Group("user", "manage the built-in user directory",
		newUserCreate(c), newUserList(c), newUserShow(c), newUserUpdate(c), newUserSetPassword(c), newUserDisable(c), newUserEnable(c),
		newUserUnlock(c), newUserDelete(c), newUserRevokeTokens(c))
}

// userView is a user, and the password if it was generated just now.
type userView struct {
	adminwire.User
	Password secret.Text `json:"password,omitempty"`
}

// LogValue hides the password from slog.
func (v userView) LogValue() slog.Value { return slog.StringValue("user " + v.Username) }

// onUser makes do the work of a command about the user that its argument names.
func (c *cli) onUser(cmd *cobra.Command, do func(ctx context.Context, api *adminclient.Client, u adminwire.User) error) *cobra.Command {
	cmd.Args = command.OneArg("the name or id of a user")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := target.User(ctx, api, args[0])
		if err != nil {
			return err
		}
		return do(ctx, api, u)
	})
}

// stateOf returns the state of a user in a word.
func stateOf(u adminwire.User) string {
	switch {
	case u.Disabled:
		return "disabled"
	case !u.LockedUntil.IsZero():
		return "locked"
	case u.MustChange:
		return "must change password"
	default:
		return "active"
	}
}

func newUserCreate(c *cli) *cobra.Command {
	var wanted adminwire.UserCreate
	var password console.PasswordFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "add a user",
		Example: `  # asks for the password
  oauth2d user create ada --direct --email ada@example.com --display-name "Ada Lovelace"

  # generates one and prints it once
  oauth2d user create ada --direct --generate`,
		Args: command.OneArg("the name of the new user"),
	}
	cmd.Flags().StringVar(&wanted.Email, "email", "", "email address")
	cmd.Flags().BoolVar(&wanted.EmailVerified, "email-verified", false, "the email address is verified")
	cmd.Flags().StringVar(&wanted.DisplayName, "display-name", "", "name that people see")
	password.Bind(cmd.Flags())
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		text, generated, err := password.Read(c.Console)
		if err != nil {
			return err
		}
		wanted.Username, wanted.Password, wanted.MustChange = args[0], text, password.MustChange
		user, err := api.CreateUser(ctx, wanted)
		if err != nil {
			return exit.WithFlagNames(err, userFlagNames())
		}
		if generated {
			err := c.Reveal(console.UserPassword(user.Username, "is created"), text, userView{User: user, Password: text})
			if err == nil && c.Output == "table" {
				c.Say("user %s is created; above is the password: hand it over safely, it cannot be shown again", user.Username)
			}
			return err
		}
		if c.Output != "table" {
			return c.Print(userView{User: user}, console.Table{})
		}
		fmt.Fprintln(c.Out, user.ID)
		c.Say("user %s is created; above is the id", user.Username)
		return nil
	})
}

func newUserList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the users",
		Example: "  oauth2d user list --direct",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		users, err := adminclient.Collect(api.Users(ctx), 0)
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"id", "name", "email", "state", "created"}}
		for _, u := range users {
			t.Rows = append(t.Rows, []string{u.ID, u.Username, console.OrDash(u.Email), stateOf(u), c.When(u.Created)})
		}
		return c.Print(users, t)
	})
}

func newUserShow(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "show a user",
		Example: "  oauth2d user show ada --direct --output yaml",
	}
	return c.onUser(cmd, func(_ context.Context, _ *adminclient.Client, u adminwire.User) error {
		return c.Print(u, console.Table{Rows: [][]string{
			{"id", u.ID}, {"name", u.Username}, {"display name", console.OrDash(u.DisplayName)}, {"email", console.OrDash(u.Email)},
			{"email verified", strconv.FormatBool(u.EmailVerified)}, {"state", stateOf(u)}, {"locked until", c.When(u.LockedUntil)},
			{"created", c.When(u.Created)}, {"updated", c.When(u.Updated)},
		}})
	})
}

// userFlagNames maps the members of a user in the admin API to the flags and arguments that set them.
func userFlagNames() map[string]string {
	return map[string]string{
		"username": "name", "display_name": "--display-name", "email": "--email", "email_verified": "--email-verified",
		"must_change_password": "--must-change", "password": "password", "user_id": "id of the user",
	}
}
