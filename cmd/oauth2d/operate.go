package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/adminclient"
)

// way is how an operator's command reaches the server: by its admin API, or straight to Redis.
type way struct {
	direct bool
	server string
	issuer string
}

// operate makes a command that speaks to the admin API: that of a server, or, with --direct, one of
// this process that works on Redis with the server's settings. Both follow the same rules.
func (s *shared) operate(cmd *cobra.Command, do func(ctx context.Context, api *adminclient.Client, args []string) error) *cobra.Command {
	var w way
	flags := cmd.Flags()
	flags.BoolVar(&w.direct, "direct", false, "work straight on Redis, with the server's settings")
	flags.StringVar(&w.server, "server", "", "operators' listener of a server, such as http://127.0.0.1:9090 (or OAUTH2D_CLI_SERVER)")
	flags.StringVar(&w.issuer, "issuer", "", "issuer that gives the token for --server (or OAUTH2D_CLI_ISSUER)")
	s.completeNames(cmd, &w)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if w.direct && w.server != "" {
			return usage("%s: --direct and --server exclude each other", cmd.CommandPath())
		}
		if err := noneEmpty(cmd); err != nil {
			return err
		}
		if w.direct {
			return s.withDirect(cmd, func(ctx context.Context, d *app.Direct) error { return do(ctx, d.Client(), args) })
		}
		api, err := s.remote(cmd.CommandPath(), w)
		if err != nil {
			return err
		}
		return explained(cmd.CommandPath(), do(cmd.Context(), api, args))
	}
	return cmd
}

// direct makes a command that works on Redis itself and in no other way.
func (s *shared) direct(cmd *cobra.Command, do func(ctx context.Context, d *app.Direct, args []string) error) *cobra.Command {
	var wanted bool
	cmd.Flags().BoolVar(&wanted, "direct", false, "work straight on Redis, with the server's settings")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !wanted {
			return usage("%s: this is not done through the admin API; hint: add --direct to work straight on Redis with the server's settings", cmd.CommandPath())
		}
		return s.withDirect(cmd, func(ctx context.Context, d *app.Direct) error { return do(ctx, d, args) })
	}
	return cmd
}

// withDirect opens Redis with the server's settings.
func (s *shared) withDirect(cmd *cobra.Command, do func(ctx context.Context, d *app.Direct) error) error {
	c, err := s.load(func(from *config.Sources) { from.Tool = true })
	if err != nil {
		return err
	}
	if c.Redis.Mode == "embedded" {
		return usage("%s: redis.mode is embedded, which nobody else can reach; hint: name the server's Redis by redis.mode and redis.addrs", cmd.CommandPath())
	}
	d, err := app.OpenDirect(cmd.Context(), c)
	if err != nil {
		return &problem{code: exitUnavailable, err: &during{cmd.CommandPath(), err}}
	}
	defer d.Close()
	return explained(cmd.CommandPath(), do(cmd.Context(), d))
}

// remote is the admin API of a server.
func (s *shared) remote(doing string, w way) (*adminclient.Client, error) {
	saved, err := s.savedLogin()
	if err != nil {
		return nil, explained(doing, err)
	}
	known := s.identity(w, saved)
	if known.Server == "" {
		return nil, usage("%s: no server is named; hint: add --direct to work straight on Redis, or name the operators' listener by --server, OAUTH2D_CLI_SERVER or oauth2d login", doing)
	}
	s.self = known.ClientID
	purse := &wallet{s: s, id: known}
	carrier := asking()
	carrier.Transport = purse
	api, err := adminclient.New(adminclient.Options{Server: known.Server, Token: purse.token, HTTP: carrier})
	if err != nil {
		return nil, usage("--%w", err)
	}
	return api, nil
}

// errNotConfirmed ends a command whose question was answered by anything but yes.
var errNotConfirmed = errors.New("not confirmed, nothing was changed")
