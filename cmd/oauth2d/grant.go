package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newGrant(s *shared) *cobra.Command {
	return group("grant", "look at what people allowed clients, and end it", newGrantList(s), newGrantShow(s), newGrantRevoke(s))
}

func newGrantList(s *shared) *cobra.Command {
	var user, client string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the live grants of a user",
		Example: "  oauth2d grant list --direct --user ada --client web",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&user, "user", "", "whose grants (name or id)")
	cmd.Flags().StringVar(&client, "client", "", "only grants to this client")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		if user == "" {
			return usage("%s wants --user; hint: %s --user NAME", cmd.CommandPath(), cmd.CommandPath())
		}
		u, err := who(ctx, api, user)
		if err != nil {
			return err
		}
		grants, err := adminclient.Collect(api.Grants(ctx, u.ID, client), 0)
		if err != nil {
			return err
		}
		t := table{head: []string{"grant", "client id", "scope", "created", "used", "expires"}}
		for _, g := range grants {
			t.rows = append(t.rows, []string{g.Ref, g.Client, orDash(g.Scope), s.when(g.Created), s.when(g.Used), s.when(g.Expires)})
		}
		return s.print(grants, t)
	})
}

func newGrantShow(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show GRANT",
		Short:   "show a grant",
		Example: "  oauth2d grant show 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct",
		Args:    oneArg("the name of a grant"),
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		g, err := api.Grant(ctx, args[0])
		if err != nil {
			return err
		}
		return s.print(g, table{rows: [][]string{
			{"grant", g.Ref}, {"client id", g.Client}, {"user", g.Username}, {"user id", g.User}, {"session", orDash(g.Session)},
			{"scope", orDash(g.Scope)}, {"audience", orDash(strings.Join(g.Audience, " "))}, {"serial", strconv.FormatUint(uint64(g.Serial), 10)},
			{"created", s.when(g.Created)}, {"used", s.when(g.Used)}, {"expires", s.when(g.Expires)}, {"ends", s.when(g.Ends)},
			{"signed in", s.when(g.AuthTime)},
		}})
	})
}

func newGrantRevoke(s *shared) *cobra.Command {
	var c care
	var user, client string
	cmd := &cobra.Command{
		Use:   "revoke [GRANT...]",
		Short: "end grants with their refresh and access tokens",
		Example: `  oauth2d grant revoke 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct
  oauth2d grant revoke --direct --user ada --client web`,
		Args: cobra.ArbitraryArgs,
	}
	c.bind(cmd)
	cmd.Flags().StringVar(&user, "user", "", "all grants of this user (name or id)")
	cmd.Flags().StringVar(&client, "client", "", "with --user: only those to this client")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		if (len(args) > 0) == (user != "") || len(args) > 0 && client != "" {
			return usage("%s wants the names of grants, or --user and perhaps --client; hint: %s --help", cmd.CommandPath(), cmd.CommandPath())
		}
		if user != "" {
			u, err := who(ctx, api, user)
			if err != nil {
				return err
			}
			return s.endGrantsOf(ctx, api, c, u, client)
		}
		if ok, err := s.sure(c, "end %s", count(len(args), "grant")); !ok {
			return err
		}
		for _, ref := range args {
			if err := api.RevokeGrant(ctx, ref); err != nil {
				return err
			}
			s.say("grant %s has ended", ref)
		}
		return nil
	})
}

// endGrantsOf ends a user's grants, or those to one client.
func (s *shared) endGrantsOf(ctx context.Context, api *adminclient.Client, c care, u adminwire.User, client string) error {
	to := "every client"
	if client != "" {
		to = "client " + client
	}
	if ok, err := s.sure(c, "end the grants of user %s to %s", u.Username, to); !ok {
		return err
	}
	ended, err := api.RevokeUserTokens(ctx, u.ID, client)
	if err != nil {
		return err
	}
	s.say("%s of user %s ended", count(ended, "grant"), u.Username)
	return s.printUnlessTable(map[string]int{"revoked": ended})
}
