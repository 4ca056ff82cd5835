package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newUserUpdate(s *shared) *cobra.Command {
	var email, display string
	var verified, mustChange bool
	cmd := &cobra.Command{
		Use:     "update NAME",
		Short:   "change what is given of a user, and leave the rest as it is",
		Example: "  oauth2d user update ada --direct --email ada@example.org --email-verified",
		Args:    oneArg("the name or id of a user"),
	}
	cmd.Flags().StringVar(&email, "email", "", "email address; empty takes it away")
	cmd.Flags().BoolVar(&verified, "email-verified", false, "the address is known to be theirs")
	cmd.Flags().StringVar(&display, "display-name", "", "name that people see; empty takes it away")
	cmd.Flags().BoolVar(&mustChange, "must-change", false, "the user has to choose another password at the next sign-in")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
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
			return usage("%s: nothing is to be changed; hint: %s --help lists the flags", cmd.CommandPath(), cmd.CommandPath())
		}
		return s.patchUser(ctx, api, args[0], change, "changed")
	})
}

// patchUser changes a user and tells so.
func (s *shared) patchUser(ctx context.Context, api *adminclient.Client, name string, change adminclient.Patch, told string) error {
	u, err := who(ctx, api, name)
	if err != nil {
		return err
	}
	u, err = api.PatchUser(ctx, u.ID, change, adminclient.Condition{})
	if err != nil {
		return inWords(err, userWords())
	}
	s.say("user %s is %s", u.Username, told)
	if s.output == "table" {
		return nil
	}
	return s.print(u, table{})
}

func newUserSetPassword(s *shared) *cobra.Command {
	var password passwordFlags
	cmd := &cobra.Command{
		Use:     "set-password NAME",
		Short:   "give a user a new password; every session and grant of the user ends",
		Example: "  oauth2d user set-password ada --direct",
		Args:    oneArg("the name or id of a user"),
	}
	password.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		text, generated, err := password.read(s)
		if err != nil {
			return err
		}
		if err := api.SetPassword(ctx, u.ID, adminwire.PasswordSet{Password: text, MustChange: password.mustChange}); err != nil {
			return inWords(err, userWords())
		}
		if generated {
			err := s.reveal(ofUser(u.Username, "has a new password and is signed out everywhere"), text, userView{User: u, Password: text})
			if err != nil {
				return err
			}
		}
		s.say("user %s has a new password and is signed out everywhere", u.Username)
		return nil
	})
}

func newUserDisable(s *shared) *cobra.Command {
	var c care
	cmd := &cobra.Command{
		Use:     "disable NAME",
		Short:   "keep a user from signing in, and end every session and grant of theirs",
		Example: "  oauth2d user disable ada --direct",
		Args:    oneArg("the name or id of a user"),
	}
	c.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		if ok, err := s.sure(c, "disable user %s and end their sessions and grants", u.Username); !ok {
			return err
		}
		return s.patchUser(ctx, api, u.ID, adminclient.Patch{"disabled": true}, "disabled and signed out everywhere")
	})
}

func newUserEnable(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "enable NAME",
		Short:   "let a disabled user sign in again",
		Example: "  oauth2d user enable ada --direct",
		Args:    oneArg("the name or id of a user"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		return s.patchUser(ctx, api, args[0], adminclient.Patch{"disabled": false}, "enabled")
	})
}

func newUserUnlock(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unlock NAME",
		Short:   "forget the wrong passwords of a user, so that they may try again at once",
		Example: "  oauth2d user unlock ada --direct",
		Args:    oneArg("the name or id of a user"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		if err := api.UnlockUser(ctx, u.ID); err != nil {
			return err
		}
		s.say("user %s may try again", u.Username)
		return nil
	})
}

func newUserDelete(s *shared) *cobra.Command {
	var c care
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "delete a user with every session, grant and consent of theirs",
		Example: "  oauth2d user delete ada --direct\n  oauth2d user delete ada --direct --dry-run",
		Args:    oneArg("the name or id of a user"),
	}
	c.bind(cmd)
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		if ok, err := s.sure(c, "delete user %s with their sessions, grants and consents", u.Username); !ok {
			return err
		}
		if err := api.DeleteUser(ctx, u.ID, adminclient.Condition{}); err != nil {
			return err
		}
		s.say("user %s is deleted", u.Username)
		return nil
	})
}

func newUserRevokeTokens(s *shared) *cobra.Command {
	var c care
	var client string
	cmd := &cobra.Command{
		Use:     "revoke-tokens NAME",
		Short:   "end every grant of a user with its tokens; the sessions stay",
		Example: "  oauth2d user revoke-tokens ada --direct --client web",
		Args:    oneArg("the name or id of a user"),
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&client, "client", "", "only grants to this client")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		u, err := who(ctx, api, args[0])
		if err != nil {
			return err
		}
		return s.endGrantsOf(ctx, api, c, u, client)
	})
}
