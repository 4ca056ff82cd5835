package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/devmode"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// memoryShare is the part of a container's memory limit that is Go's; the rest is for the program's code and the kernel.
const memoryShare = 0.75

// serveFlags are settings that have a flag of their own.
type serveFlags struct {
	dev                   bool
	listen, admin, issuer string
	redirects             []string
}

func newServe(c *cli) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server",
		Example: `  # to try it out: embedded Redis, demo client and user, no setting needed
  oauth2d serve --dev

  # to try it out with your own app, whose redirect URI is at localhost:3000
  oauth2d serve --dev --redirect-uri http://localhost:3000/callback

  # on a real Redis
  OAUTH2D_ISSUER=https://auth.example.com OAUTH2D_MASTER_KEY_FILE=/run/secrets/master \
  OAUTH2D_REDIS_ADDRS=redis.internal:6379 oauth2d serve

  # SIGHUP reads the settings and the TLS files again; SIGTERM lets requests finish and stops
  kill -HUP $(pidof oauth2d)`,
		Args: command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dev, "dev", false, "embedded Redis and demo data, on loopback only")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil,
		"with --dev: redirect URI of your own app; registers the public client "+app.DemoOwnClient+" for it; may be repeated")
	flags.StringVar(&f.listen, "listen", "", "server.listen")
	flags.StringVar(&f.admin, "admin-listen", "", "admin.listen")
	flags.StringVar(&f.issuer, "issuer", "", "issuer")
	return cmd
}

// apply turns the flags into settings.
func (f serveFlags) apply(from *config.Sources) {
	from.Dev = f.dev
	for key, value := range map[string]string{"server.listen": f.listen, "admin.listen": f.admin, "issuer": f.issuer} {
		if value != "" {
			from.Set[key] = value
		}
	}
}

// checkRedirects refuses redirect URIs that cannot be registered. The errors name the flag.
func (f serveFlags) checkRedirects() error {
	if len(f.redirects) > 0 && !f.dev {
		return exit.Usagef("--redirect-uri is for --dev; hint: oauth2d client create --redirect-uri registers a client of a real server")
	}
	for _, uri := range f.redirects {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			return exit.Usagef("--redirect-uri %s: %s; hint: such as http://localhost:3000/callback", uri, oauth.AsError(err).Description)
		}
	}
	return nil
}

func (c *cli) serve(ctx context.Context, f serveFlags) error {
	if err := f.checkRedirects(); err != nil {
		return err
	}
	settings, origins, err := c.settings.Explain(f.apply)
	if err == nil {
		err = origins.Locate(app.CheckFiles(settings)).Err()
	}
	if err != nil {
		return err
	}
	// The kernel kills a process that reaches the memory limit of its container. With a limit of its own, the garbage
	// collector works harder before that. GOMEMLIMIT overrides it.
	_, _ = memlimit.Set(memlimit.WithRatio(memoryShare)) // fails only on a system without control groups
	facts := c.Out
	if f.dev && settings.Log.Format == "text" {
		facts = devmode.ReadableFacts{To: c.Out}
	}
	a, err := app.New(ctx, settings, app.Options{LogTo: c.Err, AuditTo: facts, Version: thisBuild().Version, DevRedirects: f.redirects})
	if err != nil {
		return err
	}
	failed := a.Start()
	if failed == nil {
		if f.dev {
			devmode.Welcome(c.Out, a.Issuer(), settings.Server.EndpointPrefix, f.redirects)
		}
		failed = c.attend(ctx, a, f)
	}
	// From here on a second signal ends the process at once.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.Server.ShutdownDelay+settings.Server.ShutdownGrace)
	defer cancel()
	if err := a.Stop(ending); err != nil && failed == nil {
		failed = &exit.Error{Code: exit.Failed, Err: fmt.Errorf("stopping: %w", err)}
	}
	return failed
}

// attend waits until the server is stopped or fails, and reloads the settings at every SIGHUP.
func (c *cli) attend(ctx context.Context, a *app.App, f serveFlags) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.Failed():
			return err
		case <-hangup:
			settings, err := c.settings.Load(f.apply)
			a.Reload(settings, err)
		}
	}
}
