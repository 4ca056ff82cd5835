package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// direct makes a command that works on Redis itself, with the settings of the server.
func (s *shared) direct(cmd *cobra.Command, do func(ctx context.Context, d *app.Direct, args []string) error) *cobra.Command {
	var wanted bool
	cmd.Flags().BoolVar(&wanted, "direct", false, "work straight on Redis, with the server's settings")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !wanted {
			return usage("%s: there is no admin API to ask yet; hint: add --direct to work straight on Redis with the server's settings", cmd.CommandPath())
		}
		c, err := s.load(func(from *config.Sources) { from.Tool = true })
		if err != nil {
			return err
		}
		if c.Redis.Mode == "embedded" {
			return usage("%s: redis.mode is embedded, which nobody else can reach; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
		}
		d, err := app.OpenDirect(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer d.Close()
		return explained(cmd.CommandPath(), do(cmd.Context(), d, args))
	}
	return cmd
}

// explained turns what a room answers into a line for the terminal.
func explained(doing string, err error) error {
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return wrong
	}
	refusal := oauth.AsError(err)
	switch {
	case errors.Is(err, store.Absent):
		return fmt.Errorf("%s: there is no such one", doing)
	case refusal.Code == oauth.TemporarilyUnavailable:
		return fmt.Errorf("%s: Redis did not answer, and the change may or may not have been made: %w; hint: look before trying again", doing, refusal)
	case refusal.Code == oauth.ServerError:
		return fmt.Errorf("%s: %w", doing, err)
	default:
		return fmt.Errorf("%s: %s", doing, refusal.Description)
	}
}
