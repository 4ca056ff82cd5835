package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/archive"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/cli/settings"
	"github.com/recipe-web-app/oauth2d/internal/cli/target"
)

// run carries out one command line and returns the exit code.
func run(ctx context.Context, c console.Console, args []string) int {
	out := console.NewCheckedWriter(c.Out)
	c.Out = out
	root := newRoot(c)
	root.SetArgs(command.Arguments(root, args))
	err := root.ExecuteContext(ctx)
	_, lost := errors.AsType[*console.LostSecretError](err)
	switch {
	case err == nil && out.Failure() == nil:
		return exit.Done
	case out.ClosedByReader() && !lost:
		return exit.Failed // the reader has read enough
	case err == nil:
		err = fmt.Errorf("the result could not be written to standard output: %w", out.Failure())
	}
	for line := range strings.Lines(err.Error()) {
		c.Say("oauth2d: %s", strings.TrimPrefix(strings.TrimSpace(line), "oauth2d "))
	}
	return exit.CodeOf(err)
}

// cli holds the parts that every command shares.
type cli struct {
	*console.Console
	settings *settings.Flags
	target   *target.Target
}

func newRoot(on console.Console) *cobra.Command {
	c := &cli{Console: &on, settings: &settings.Flags{Environ: on.Environ, WarnTo: on.Err}}
	c.target = &target.Target{Console: c.Console, Settings: c.settings}
	root := &cobra.Command{
		Use:   "oauth2d",
		Short: "an OAuth 2 authorization server whose state lives in Redis",
		Long: "An OAuth 2 authorization server whose state lives in Redis, and the tools to operate it.\n\n" +
			"The tools use the admin API of a server (--server), or work directly on Redis (--direct). Results go to\n" +
			"standard output, everything else to standard error.\n\n" + exit.Codes,
		Example: `  # a server to try out, with demo client and user, on embedded Redis
  oauth2d serve --dev

  # a server on a real Redis
  OAUTH2D_ISSUER=https://auth.example.com OAUTH2D_MASTER_KEY_FILE=/run/secrets/master oauth2d serve

  # check a deployment
  oauth2d doctor

  # register a client, directly in Redis
  oauth2d client create planner --direct --grant client_credentials --scope "read write"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          command.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.Version = thisBuild().Version
	root.SetVersionTemplate(thisBuild().Line())
	command.Prepare(root)
	c.settings.Bind(root.PersistentFlags())
	c.Bind(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return c.CheckOutput() }
	root.AddCommand(
		newServe(c), newClient(c), newUser(c), newSession(c), newGrant(c), newToken(c), newKey(c), newAudit(c), newStats(c), newCleanup(c),
		newDoctor(c), newRedis(c), archive.CLI{Console: c.Console, Settings: c.settings, Version: thisBuild().Version}.Command(), newRotate(c), newLogin(c), newLogout(c), newConfig(c), newHealthcheck(c), newCompletion(c), newReference(c), newVersion(c),
	)
	completeWords(root)
	return root
}
