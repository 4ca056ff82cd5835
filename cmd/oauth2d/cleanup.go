package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
)

// cleanupView is what a sweep did.
type cleanupView struct {
	Ran     bool `json:"ran"`
	Users   int  `json:"users"`
	Removed int  `json:"removed"`
}

func newCleanup(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "sweep now what does not expire by itself",
		Long: "Take names of dead grants and sessions, and consents to clients that are gone, out of the lists of all users.\n" +
			"Running servers do the same every few minutes, one for all.",
		Example: "  oauth2d cleanup --direct",
		Args:    noArgs,
	}
	return s.direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		report, err := d.Cleanup.Run(ctx, 0)
		if err != nil {
			return err
		}
		v := cleanupView(report)
		switch {
		case s.output != "table":
			return s.print(v, table{})
		case !v.Ran:
			s.say("a server is sweeping at this moment; there is nothing left to do")
		default:
			s.say("%d users looked at, %d entries removed", v.Users, v.Removed)
		}
		return nil
	})
}
