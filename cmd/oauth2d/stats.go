package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newStats(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "count clients, users, sessions, keys and audit entries",
		Example: "  oauth2d stats --direct",
		Args:    command.NoArgs,
	}
	return c.target.Operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		n, err := api.Stats(ctx)
		if err != nil {
			return err
		}
		t := console.Table{Rows: [][]string{
			{"clients", strconv.Itoa(n.Clients)}, {"users", strconv.Itoa(n.Users)}, {"sessions", strconv.Itoa(n.Sessions)},
			{"keys", strconv.Itoa(n.Keys)}, {"signing key age", (time.Duration(n.SigningKeyAge) * time.Second).String()},
		}}
		for i, count := range []*int64{n.AuditEntries, n.AuditDropped} {
			if count != nil {
				t.Rows = append(t.Rows, []string{[...]string{"audit entries", "audit dropped"}[i], strconv.FormatInt(*count, 10)})
			}
		}
		return c.Print(n, t)
	})
}
