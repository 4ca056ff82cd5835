package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/doctor"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newDoctor(c *cli) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "check everything that a deployment needs, and print remedies",
		Long: "Check everything that a server with these settings needs: the settings, every Redis server (reachable,\n" +
			"version, eviction, persistence, memory, replicas, clock), the rights of the ACL user, the server's own keys,\n" +
			"certificates, and the issuer under its own URL. Nothing is changed. The exit code is 1 if a check fails; warnings\n" +
			"do not count.",
		Example: `  # with the settings of the server
  oauth2d doctor --config oauth2d.yaml

  # for a monitor
  oauth2d doctor --output json`,
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.examine(cmd.Context(), offline) },
	}
	cmd.Flags().BoolVar(&offline, "no-issuer", false, "skip the issuer, if its URL cannot be reached from here or no server runs yet")
	return cmd
}

func (c *cli) examine(ctx context.Context, offline bool) error {
	settings, origins, err := c.settings.Explain(func(from *config.Sources) { from.Tool = true })
	if err != nil {
		return err
	}
	found := doctor.Examine(ctx, settings, origins, offline)
	counts := map[app.Verdict]int{}
	for _, f := range found {
		counts[f.Verdict]++
	}
	if err := c.Print(doctor.Views(found), doctor.Table(found, c.Color)); err != nil {
		return err
	}
	c.Say("%s: %d failed, %d doubtful, %d ok", console.Count(len(found), "check"), counts[app.Failing], counts[app.Doubt], counts[app.Well])
	if failing := counts[app.Failing]; failing > 0 {
		return fmt.Errorf("doctor: %s", failures(failing))
	}
	return nil
}

func failures(n int) string {
	if n == 1 {
		return "1 check fails"
	}
	return fmt.Sprintf("%d checks fail", n)
}
