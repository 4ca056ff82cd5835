package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// cleanupView is the printed report of a sweep.
type cleanupView struct {
	Ran     bool `json:"ran"`
	Users   int  `json:"users"`
	Removed int  `json:"removed"`
}

func newCleanup(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "remove now what does not expire by itself",
		Long: "Remove ended grants and sessions, and consents to deleted clients, from the lists of all users. Running servers\n" +
			"do the same every few minutes.",
		Example: "  oauth2d cleanup --direct",
		Args:    command.NoArgs,
	}
	return c.target.Direct(cmd, func(ctx context.Context, d *app.Direct, _ []string) error {
		report, err := d.Cleanup.Run(ctx, 0)
		if err != nil {
			return err
		}
		v := cleanupView(report)
		switch {
		case c.Output != "table":
			return c.Print(v, console.Table{})
		case !v.Ran:
			c.Say("a server is cleaning up at this moment; there is nothing left to do")
		default:
			c.Say("%d users checked, %d entries removed", v.Users, v.Removed)
		}
		return nil
	})
}
