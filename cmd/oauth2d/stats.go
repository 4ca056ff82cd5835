package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

func newStats(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "tell how much there is of everything",
		Example: "  oauth2d stats --direct",
		Args:    noArgs,
	}
	return s.operate(cmd, func(ctx context.Context, api *adminclient.Client, _ []string) error {
		n, err := api.Stats(ctx)
		if err != nil {
			return err
		}
		t := table{rows: [][]string{
			{"clients", strconv.Itoa(n.Clients)}, {"users", strconv.Itoa(n.Users)}, {"sessions", strconv.Itoa(n.Sessions)},
			{"keys", strconv.Itoa(n.Keys)}, {"signing key age", (time.Duration(n.SigningKeyAge) * time.Second).String()},
		}}
		for name, count := range map[string]*int64{"audit entries": n.AuditEntries, "audit dropped": n.AuditDropped} {
			if count != nil {
				t.rows = append(t.rows, []string{name, strconv.FormatInt(*count, 10)})
			}
		}
		return s.print(n, t)
	})
}
