package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newUser(s *shared) *cobra.Command {
	return group("user", "look after the built-in user directory",
		newUserCreate(s), newUserList(s), newUserShow(s), newUserUpdate(s), newUserSetPassword(s), newUserDisable(s), newUserEnable(s),
		newUserUnlock(s), newUserDelete(s), newUserRevokeTokens(s))
}

// userView is a user, and the password when it was just made up.
type userView struct {
	adminwire.User
	Password string `json:"password,omitempty"`
}

// stateOf is what can be said of a user in a word.
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

// who finds a user by sign-in name or by id.
func who(ctx context.Context, api *adminclient.Client, name string) (adminwire.User, error) {
	if _, err := uuid.Parse(name); err == nil && len(name) == 36 {
		return api.User(ctx, strings.ToLower(name))
	}
	u, found, err := api.UserNamed(ctx, name)
	if err == nil && !found {
		err = &problem{code: exitNotFound, err: fmt.Errorf("there is no user %q", name)}
	}
	return u, err
}

func newUserCreate(s *shared) *cobra.Command {
	var wanted adminwire.UserCreate
	var password passwordFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "add a user",
		Example: `  # asks for the password
  oauth2d user create ada --direct --email ada@example.com --display-name "Ada Lovelace"

  # makes one up and prints it once
  oauth2d user create ada --direct --generate`,
		Args: oneArg("the name of the new user"),
	}
	cmd.Flags().StringVar(&wanted.Email, "email", "", "email address")
	cmd.Flags().BoolVar(&wanted.EmailVerified, "email-verified", false, "the address is known to be theirs")
	cmd.Flags().StringVar(&wanted.DisplayName, "display-name", "", "name that people see")
	password.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		text, generated, err := password.read(s)
		if err != nil {
			return err
		}
		wanted.Username, wanted.Password, wanted.MustChange = args[0], text, password.mustChange
		user, err := api.CreateUser(ctx, wanted)
		if err != nil {
			return inWords(err, userWords())
		}
		if generated {
			err := s.reveal(ofUser(user.Username, "is there"), text, userView{User: user, Password: text})
			if err == nil && s.output == "table" {
				s.say("user %s is there; above is the password: hand it over safely, it cannot be shown again", user.Username)
			}
			return err
		}
		if s.output != "table" {
			return s.print(userView{User: user}, table{})
		}
		fmt.Fprintln(s.out, user.ID)
		s.say("user %s is there; above is the id", user.Username)
		return nil
	})
}

func newUserList(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the users",
		Example: "  oauth2d user list --direct",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		users, err := adminclient.Collect(api.Users(ctx), 0)
		if err != nil {
			return err
		}
		t := table{head: []string{"id", "name", "email", "state", "created"}}
		for _, u := range users {
			t.rows = append(t.rows, []string{u.ID, u.Username, orDash(u.Email), stateOf(u), s.when(u.Created)})
		}
		return s.print(users, t)
	})
}

func newUserShow(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "show a user",
		Example: "  oauth2d user show ada --direct --output yaml",
		Args:    oneArg("the name or id of a user"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		return s.print(u, table{rows: [][]string{
			{"id", u.ID}, {"name", u.Username}, {"display name", orDash(u.DisplayName)}, {"email", orDash(u.Email)},
			{"email verified", strconv.FormatBool(u.EmailVerified)}, {"state", stateOf(u)}, {"locked until", s.when(u.LockedUntil)},
			{"created", s.when(u.Created)}, {"updated", s.when(u.Updated)},
		}})
	})
}
