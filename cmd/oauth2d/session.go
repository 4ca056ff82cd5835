package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newSession(c *cli) *cobra.Command {
	return command.Group("session", "show and end browser sessions", newSessionList(c), newSessionEnd(c))
}

// sessionFlags are the flags that select sessions.
type sessionFlags struct{ user, client, started, seen string }

func (f *sessionFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user, "user", "", "sessions of this user (name or id)")
	cmd.Flags().StringVar(&f.client, "client", "", "sessions with a live grant to this client")
	cmd.Flags().StringVar(&f.started, "started-before", "", "sessions that began before this time (RFC 3339) or age (such as 24h)")
	cmd.Flags().StringVar(&f.seen, "seen-before", "", "sessions that were last used before this time or age")
}

func (f *sessionFlags) filter(ctx context.Context, api *adminclient.Client) (adminwire.SessionFilter, error) {
	filter := adminwire.SessionFilter{Client: f.client}
	var err error
	if filter.StartedBefore, err = console.ParseTime("--started-before", f.started); err != nil {
		return filter, err
	}
	if filter.SeenBefore, err = console.ParseTime("--seen-before", f.seen); err != nil {
		return filter, err
	}
	if f.user != "" {
		u, err := target.User(ctx, api, f.user)
		if err != nil {
			return filter, err
		}
		filter.User = u.ID
	}
	return filter, nil
}

func newSessionList(c *cli) *cobra.Command {
	var f sessionFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the sessions that match all flags",
		Example: `  oauth2d session list --direct --user ada
  oauth2d session list --direct --seen-before 72h`,
		Args: command.NoArgs,
	}
	f.bind(cmd)
	cmd.Flags().IntVar(&limit, "limit", 1000, "maximum number of results; 0: all")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		filter, err := f.filter(ctx, api)
		if err != nil {
			return err
		}
		sessions, err := adminclient.Collect(api.Sessions(ctx, filter), limit)
		if err != nil {
			return err
		}
		t := console.Table{Head: []string{"sid", "user", "device", "ip", "started", "seen", "expires"}}
		for _, one := range sessions {
			t.Rows = append(t.Rows, []string{
				one.Ref, one.Username, console.OrDash(one.Device), console.OrDash(one.IP), c.When(one.Started), c.When(one.Seen), c.When(one.Expires),
			})
		}
		if limit > 0 && len(sessions) == limit {
			c.Say("these are the first %d; hint: --limit 0 lists all", limit)
		}
		return c.Print(sessions, t)
	})
}

func newSessionEnd(c *cli) *cobra.Command {
	var f sessionFlags
	var confirm console.ConfirmFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "end [SID...]",
		Short: "end sessions, with the grants and tokens that were issued in them",
		Example: `  oauth2d session end 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct
  oauth2d session end --direct --user ada
  oauth2d session end --direct --seen-before 7d --dry-run
  oauth2d session end --direct --all`,
		Args: cobra.ArbitraryArgs,
	}
	f.bind(cmd)
	confirm.Bind(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "every session of everybody")
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		chosen := f != sessionFlags{}
		switch {
		case len(args) > 0 && (chosen || all):
			return exit.Usagef("%s: ids and filters cannot be combined", cmd.CommandPath())
		case len(args) > 0:
			return c.EndEach(confirm, "session", args, func(id string) error { return api.EndSession(ctx, id) })
		case chosen == all:
			return exit.Usagef("%s requires the ids of sessions, or --user, --client, --started-before, --seen-before, or --all; hint: %s --help",
				cmd.CommandPath(), cmd.CommandPath())
		}
		filter, err := f.filter(ctx, api)
		if err != nil {
			return err
		}
		if all {
			// The API refuses an empty filter, so that a forgotten one does not end everything.
			filter.StartedBefore = time.Now().Add(time.Minute)
		}
		return c.endMatching(ctx, api, confirm, filter)
	})
}

// endMatching ends all sessions that match, step by step.
func (c *cli) endMatching(ctx context.Context, api *adminclient.Client, confirm console.ConfirmFlags, f adminwire.SessionFilter) error {
	if confirm.DryRun || c.Terminal && !confirm.Yes {
		found, err := adminclient.Collect(api.Sessions(ctx, f), 0)
		if err != nil {
			return err
		}
		if ok, err := c.Confirm(confirm, "end %s", console.Count(len(found), "session")); !ok {
			return err
		}
	}
	p := console.Progress{Console: c.Console, Doing: "ending sessions"}
	ended, err := api.EndAllSessions(ctx, f, func(ended, left int) {
		if left > 0 {
			p.Step(ended, left)
		}
	})
	p.End()
	if err != nil {
		return err
	}
	c.Say("%s ended", console.Count(ended, "session"))
	return c.PrintUnlessTable(map[string]int{"ended": ended})
}
