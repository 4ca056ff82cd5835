package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

func newSession(s *shared) *cobra.Command {
	return group("session", "look at browser sessions and end them", newSessionList(s), newSessionEnd(s))
}

// sessionFlags say which sessions are meant.
type sessionFlags struct{ user, client, started, seen string }

func (f *sessionFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user, "user", "", "sessions of this user (name or id)")
	cmd.Flags().StringVar(&f.client, "client", "", "sessions in which a grant to this client lives")
	cmd.Flags().StringVar(&f.started, "started-before", "", "that began before this time (RFC 3339) or this long ago (such as 24h)")
	cmd.Flags().StringVar(&f.seen, "seen-before", "", "that were last used before this time or this long ago")
}

func (f *sessionFlags) filter(ctx context.Context, s *shared, api *adminclient.Client) (adminwire.SessionFilter, error) {
	filter := adminwire.SessionFilter{Client: f.client}
	var err error
	if filter.StartedBefore, err = s.moment("--started-before", f.started); err != nil {
		return filter, err
	}
	if filter.SeenBefore, err = s.moment("--seen-before", f.seen); err != nil {
		return filter, err
	}
	if f.user != "" {
		u, err := who(ctx, api, f.user)
		if err != nil {
			return filter, err
		}
		filter.User = u.ID
	}
	return filter, nil
}

func newSessionList(s *shared) *cobra.Command {
	var f sessionFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the sessions that fit all that is given",
		Example: `  oauth2d session list --direct --user ada
  oauth2d session list --direct --seen-before 72h`,
		Args: noArgs,
	}
	f.bind(cmd)
	cmd.Flags().IntVar(&limit, "limit", 1000, "how many are listed at most; 0: all")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		filter, err := f.filter(ctx, s, api)
		if err != nil {
			return err
		}
		sessions, err := adminclient.Collect(api.Sessions(ctx, filter), limit)
		if err != nil {
			return err
		}
		t := table{head: []string{"sid", "user", "device", "ip", "started", "seen", "expires"}}
		for _, one := range sessions {
			t.rows = append(t.rows, []string{
				one.Ref, one.Username, orDash(one.Device), orDash(one.IP), s.when(one.Started), s.when(one.Seen), s.when(one.Expires),
			})
		}
		if limit > 0 && len(sessions) == limit {
			s.say("these are the first %d; hint: --limit 0 lists all", limit)
		}
		return s.print(sessions, t)
	})
}

func newSessionEnd(s *shared) *cobra.Command {
	var f sessionFlags
	var c care
	var all bool
	cmd := &cobra.Command{
		Use:   "end [SID...]",
		Short: "end sessions, and the grants and tokens that were given in them",
		Example: `  oauth2d session end 3vTq0yJx5s1c8bQe7uWnZk2LmA --direct
  oauth2d session end --direct --user ada
  oauth2d session end --direct --seen-before 7d --dry-run
  oauth2d session end --direct --all`,
		Args: cobra.ArbitraryArgs,
	}
	f.bind(cmd)
	c.bind(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every session of everybody")
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, args []string) error {
		chosen := f != sessionFlags{}
		switch {
		case len(args) > 0 && (chosen || all):
			return usage("%s: ids and a choice exclude each other", cmd.CommandPath())
		case len(args) > 0:
			return s.endThese(ctx, api, c, args)
		case chosen == all:
			return usage("%s wants the ids of sessions, or --user, --client, --started-before, --seen-before, or --all; hint: %s --help",
				cmd.CommandPath(), cmd.CommandPath())
		}
		filter, err := f.filter(ctx, s, api)
		if err != nil {
			return err
		}
		if all {
			// Something has to be given, so that nobody ends everything by leaving a filter out.
			filter.StartedBefore = time.Now().Add(time.Minute)
		}
		return s.endMatching(ctx, api, c, filter)
	})
}

// endThese ends sessions by id.
func (s *shared) endThese(ctx context.Context, api *adminclient.Client, c care, ids []string) error {
	if ok, err := s.sure(c, "end %s", count(len(ids), "session")); !ok {
		return err
	}
	for _, id := range ids {
		if err := api.EndSession(ctx, id); err != nil {
			return err
		}
		s.say("session %s has ended", id)
	}
	return nil
}

// endMatching ends all sessions that fit, step by step.
func (s *shared) endMatching(ctx context.Context, api *adminclient.Client, c care, f adminwire.SessionFilter) error {
	if c.dryRun || s.terminal && !c.yes {
		found, err := adminclient.Collect(api.Sessions(ctx, f), 0)
		if err != nil {
			return err
		}
		if ok, err := s.sure(c, "end %s", count(len(found), "session")); !ok {
			return err
		}
	}
	p := progress{s: s, what: "ending sessions"}
	ended, err := api.EndAllSessions(ctx, f, func(ended, left int) {
		if left > 0 {
			p.step(ended, left)
		}
	})
	p.end()
	if err != nil {
		return err
	}
	s.say("%s ended", count(ended, "session"))
	return s.printUnlessTable(map[string]int{"ended": ended})
}
