package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/inspection"
	"github.com/recipe-web-app/oauth2d/internal/config"
)

func newRedis(c *cli) *cobra.Command {
	return command.Group("redis", "look at Redis: its servers, and its records by kind", newRedisInfo(c), newRedisMaster(c))
}

func newRedisInfo(c *cli) *cobra.Command {
	var f inspection.Flags
	cmd := &cobra.Command{
		Use:   "info",
		Short: "show the load of every Redis server, and count the records by kind",
		Long: "Show the role, memory, replication and load of every Redis server, and count the records of redis.db by kind, with\n" +
			"their times to live and their memory. Counting uses SCAN in small steps, never KEYS, and holds up nobody. Counts\n" +
			"are exact if at most --keys keys exist; otherwise they are estimated from that many. Nothing is changed.",
		Example: `  # with the settings of the server
  oauth2d redis info --config oauth2d.yaml

  # the service cache, as its own user
  OAUTH2D_REDIS_PASSWORD_FILE=/run/secrets/cache oauth2d redis info --set redis.db=1 --set redis.username=cache

  # again every 5 seconds
  oauth2d redis info --watch 5s`,
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Keys < 0 {
				return exit.Usagef("--keys %d: must not be negative; hint: 0 reads all keys", f.Keys)
			}
			if f.Watch > 0 && f.Watch < time.Second {
				return exit.Usagef("--watch %s: must be 1s or more", f.Watch)
			}
			return c.inspect(cmd, func(ctx context.Context, i *app.Inspector) error { return f.Show(ctx, c.Console, i) })
		},
	}
	cmd.Flags().Int64Var(&f.Keys, "keys", 100_000, "maximum number of keys that are read; 0: all")
	command.DurationVar(cmd.Flags(), &f.Watch, "watch", "time between two looks; 0: look once")
	cmd.Flags().IntVar(&f.Times, "times", 0, "with --watch: stop after this many looks; 0: until interrupted")
	return cmd
}

func newRedisMaster(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "master",
		Short:   "print the address of the Redis master",
		Long:    "Print the address of the Redis server that takes writes: the one that the Sentinels name, or redis.addrs.",
		Example: "  oauth2d redis master --config oauth2d.yaml",
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.inspect(cmd, func(ctx context.Context, i *app.Inspector) error {
				master, err := i.Master(ctx)
				if err == nil {
					_, err = fmt.Fprintln(c.Out, master)
				}
				return err
			})
		},
	}
}

// inspect opens Redis with the server's settings of Redis. A mistake elsewhere, such as a master key that is gone, must not
// keep an operator from looking at Redis.
func (c *cli) inspect(cmd *cobra.Command, do func(context.Context, *app.Inspector) error) error {
	settings, err := c.settings.Load(func(from *config.Sources) { from.Tool, from.Section = true, "redis" })
	if err != nil {
		return err
	}
	if settings.Redis.Mode == "embedded" {
		return exit.Usagef("%s: redis.mode is embedded, which other processes cannot reach; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
	}
	i, err := app.OpenInspector(cmd.Context(), settings.Redis)
	if err != nil {
		return &exit.CommandError{Doing: cmd.CommandPath(), Err: err}
	}
	defer i.Close()
	if err := do(cmd.Context(), i); err != nil && !errors.Is(err, context.Canceled) {
		return &exit.Error{Code: exit.Unavailable, Err: &exit.CommandError{Doing: cmd.CommandPath(), Err: err}}
	}
	return nil
}
