package target

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/credentials"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/settings"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// Target opens the admin API of a server for a command, or Redis itself.
type Target struct {
	Console  *console.Console
	Settings *settings.Flags
	Self     string // the client that the command line is to the server; "" before a server was opened
}

// choice holds the flags of one command that name its target.
type choice struct {
	direct bool
	server string
	issuer string
}

// Operate makes do the work of a command that uses the admin API: the API of a server, or, with --direct, the same API
// inside this process, on Redis with the server's settings. Both follow the same rules.
func (t *Target) Operate(cmd *cobra.Command, do func(ctx context.Context, api *adminclient.Client, args []string) error) *cobra.Command {
	var to choice
	flags := cmd.Flags()
	flags.BoolVar(&to.direct, "direct", false, "work directly on Redis, with the server's settings")
	flags.StringVar(&to.server, "server", "", "operators' listener of a server, such as http://127.0.0.1:9090 (or OAUTH2D_CLI_SERVER)")
	flags.StringVar(&to.issuer, "issuer", "", "issuer of the token for --server (or OAUTH2D_CLI_ISSUER)")
	t.completeNames(cmd, &to)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if to.direct && to.server != "" {
			return exit.Usagef("%s: --direct and --server cannot be combined", cmd.CommandPath())
		}
		if err := command.RefuseEmptyFlags(cmd); err != nil {
			return err
		}
		if to.direct {
			return t.withDirect(cmd, func(ctx context.Context, d *app.Direct) error { return do(ctx, d.Client(), args) })
		}
		api, err := t.remote(cmd.CommandPath(), to)
		if err != nil {
			return err
		}
		return exit.Explain(cmd.CommandPath(), do(cmd.Context(), api, args))
	}
	return cmd
}

// Direct makes do the work of a command that works on Redis only. The command requires --direct.
func (t *Target) Direct(cmd *cobra.Command, do func(ctx context.Context, d *app.Direct, args []string) error) *cobra.Command {
	var wanted bool
	cmd.Flags().BoolVar(&wanted, "direct", false, "work directly on Redis, with the server's settings")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !wanted {
			return exit.Usagef("%s: the admin API cannot do this; hint: add --direct to work directly on Redis with the server's settings", cmd.CommandPath())
		}
		return t.withDirect(cmd, func(ctx context.Context, d *app.Direct) error { return do(ctx, d, args) })
	}
	return cmd
}

// withDirect opens Redis with the server's settings.
func (t *Target) withDirect(cmd *cobra.Command, do func(ctx context.Context, d *app.Direct) error) error {
	c, err := t.Settings.Load(func(from *config.Sources) { from.Tool = true })
	if err != nil {
		return err
	}
	if c.Redis.Mode == "embedded" {
		return exit.Usagef("%s: redis.mode is embedded, which other processes cannot reach; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
	}
	d, err := app.OpenDirect(cmd.Context(), c)
	if err != nil {
		return &exit.Error{Code: exit.Unavailable, Err: &exit.CommandError{Doing: cmd.CommandPath(), Err: err}}
	}
	defer d.Close()
	return exit.Explain(cmd.CommandPath(), do(cmd.Context(), d))
}

// remote opens the admin API of a server.
func (t *Target) remote(doing string, to choice) (*adminclient.Client, error) {
	logins := &credentials.Store{Console: t.Console}
	saved, err := logins.Saved()
	if err != nil {
		return nil, exit.Explain(doing, err)
	}
	known := logins.Identity(to.server, to.issuer, saved)
	if known.Server == "" {
		return nil, exit.Usagef("%s: no server is named; hint: add --direct to work directly on Redis, or name the operators' listener by --server, OAUTH2D_CLI_SERVER or oauth2d login", doing)
	}
	t.Self = known.ClientID
	tokens := logins.Tokens(known)
	api, err := adminclient.New(adminclient.Options{Server: known.Server, Token: tokens.Token, HTTP: tokens.HTTPClient()})
	if err != nil {
		return nil, exit.Usagef("--%w", err)
	}
	return api, nil
}
