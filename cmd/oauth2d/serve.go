package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// serveFlags are the settings that have a flag of their own.
type serveFlags struct {
	dev                   bool
	listen, admin, issuer string
	redirects             []string
}

func newServe(s *shared) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server",
		Example: `  # to try it out: embedded Redis, demo client and user, no setting needed
  oauth2d serve --dev

  # to try it out with your own app, which is called back at localhost:3000
  oauth2d serve --dev --redirect-uri http://localhost:3000/callback

  # on a real Redis
  OAUTH2D_ISSUER=https://auth.example.com OAUTH2D_MASTER_KEY_FILE=/run/secrets/master \
  OAUTH2D_REDIS_ADDRS=redis.internal:6379 oauth2d serve

  # SIGHUP reads the settings and the TLS files again; SIGTERM finishes what is in flight
  kill -HUP $(pidof oauth2d)`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.serve(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.dev, "dev", false, "embedded Redis and demo data, on loopback only")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil,
		"with --dev: where your own app is called back; registers the public client "+app.DemoOwnClient+" for it; may be repeated")
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

// checkRedirects refuses what cannot be registered in the words of the command line.
func (f serveFlags) checkRedirects() error {
	if len(f.redirects) > 0 && !f.dev {
		return usage("--redirect-uri is for --dev; hint: oauth2d client create --redirect-uri registers a client of a real server")
	}
	for _, uri := range f.redirects {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			return usage("--redirect-uri %s: %s; hint: such as http://localhost:3000/callback", uri, oauth.AsError(err).Description)
		}
	}
	return nil
}

func (s *shared) serve(ctx context.Context, f serveFlags) error {
	if err := f.checkRedirects(); err != nil {
		return err
	}
	c, origins, err := s.explain(f.apply)
	if err == nil {
		err = origins.Locate(app.CheckFiles(c)).Err()
	}
	if err != nil {
		return err
	}
	facts := s.out
	if f.dev && c.Log.Format == "text" {
		facts = readableFacts{s.out}
	}
	a, err := app.New(ctx, c, app.Options{LogTo: s.err, AuditTo: facts, Version: thisBuild().Version, DevRedirects: f.redirects})
	if err != nil {
		return err
	}
	failed := a.Start()
	if failed == nil {
		if f.dev {
			s.welcome(a.Issuer(), c.Server.EndpointPrefix, f.redirects)
		}
		failed = s.attend(ctx, a, f)
	}
	// A second signal ends the process at once.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Server.ShutdownDelay+c.Server.ShutdownGrace)
	defer cancel()
	if err := a.Stop(ending); err != nil && failed == nil {
		failed = &problem{code: exitFailed, err: fmt.Errorf("stopping: %w", err)}
	}
	return failed
}

// attend waits until the server is told to stop, or has to.
func (s *shared) attend(ctx context.Context, a *app.App, f serveFlags) error {
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
			c, err := s.load(f.apply)
			a.Reload(c, err)
		}
	}
}
