package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// console is what a command talks to. Results go to out, everything else to err.
type console struct {
	in       io.Reader
	out      io.Writer
	err      io.Writer
	environ  []string
	terminal bool // somebody sits there who can be asked
	width    int  // of the terminal that out is; 0: it is none
	color    bool // out shows colours
}

// say writes a message for a person.
func (c console) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// run carries out one command line and gives the exit code.
func run(ctx context.Context, c console, args []string) int {
	out := &checkedWriter{to: c.out}
	c.out = out
	root := newRoot(c)
	root.SetArgs(arguments(root, args))
	err := root.ExecuteContext(ctx)
	_, lost := errors.AsType[*lostSecretError](err)
	switch {
	case err == nil && out.err == nil:
		return exitDone
	case out.closedByReader() && !lost:
		return exitFailed // the reader has seen enough
	case err == nil:
		err = fmt.Errorf("the result could not be written to standard output: %w", out.err)
	}
	for line := range strings.Lines(err.Error()) {
		c.say("oauth2d: %s", strings.TrimPrefix(strings.TrimSpace(line), "oauth2d "))
	}
	return codeOf(err)
}

// usageError is a command line that was not understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usage makes a usageError with a hint.
func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// shared are the flags that every command has.
type shared struct {
	console
	config  string
	envFile string
	set     []string
	output  string
	utc     bool
	self    string // the client that we are to the server
}

func newRoot(c console) *cobra.Command {
	s := &shared{console: c}
	root := &cobra.Command{
		Use:   "oauth2d",
		Short: "an OAuth 2 authorization server whose state lives in Redis",
		Long: "An OAuth 2 authorization server whose state lives in Redis, and the tools to look after one.\n\n" +
			"The tools speak to the admin API of a server (--server), or straight to Redis (--direct). What they\n" +
			"print goes to standard output, everything else to standard error.\n\n" + exitCodes,
		Example: `  # a server to try out, with demo client and user, on embedded Redis
  oauth2d serve --dev

  # a server on a real Redis
  OAUTH2D_ISSUER=https://auth.example.com OAUTH2D_MASTER_KEY_FILE=/run/secrets/master oauth2d serve

  # what is wrong with a deployment, and what to do about it
  oauth2d doctor

  # register a client, straight in Redis
  oauth2d client create planner --direct --grant client_credentials --scope "read write"`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.Version = thisBuild().Version
	root.SetVersionTemplate(thisBuild().line())
	root.SetHelpCommand(newHelp())
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.StringVar(&s.config, "config", "", "YAML file with the settings (or OAUTH2D_CONFIG)")
	flags.StringVar(&s.envFile, "env-file", "", "file of NAME=value lines, below the environment (or OAUTH2D_ENV_FILE)")
	flags.StringArrayVar(&s.set, "set", nil, "one setting, such as redis.mode=sentinel; goes before all others")
	flags.StringVarP(&s.output, "output", "o", "table", "how results are printed: table, json or yaml")
	flags.BoolVar(&s.utc, "utc", false, "times in tables in full, in UTC, instead of how long ago")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return s.checkOutput() }
	root.AddCommand(
		newServe(s), newClient(s), newUser(s), newSession(s), newGrant(s), newToken(s), newKey(s), newAudit(s), newStats(s), newCleanup(s),
		newDoctor(s), newLogin(s), newLogout(s), newConfig(s), newHealthcheck(s), newCompletion(s), newReference(s), newVersion(s),
	)
	completeWords(root)
	return root
}

// helpTemplate begins with an example that works.
const helpTemplate = `{{with or .Long .Short}}{{. | trimTrailingWhitespaces}}{{end}}
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}
{{.UsageString}}`

const usageTemplate = `Usage:
{{if .HasAvailableSubCommands}}  {{.CommandPath}} COMMAND

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{else}}  {{.UseLine}}{{end}}
{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`

// noArgs refuses arguments; of a command with subcommands it names those that are near.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usage("%q is no command of %q; hint: did you mean %s?", args[0], cmd.CommandPath(), strings.Join(near, " or "))
	}
	if cmd.HasSubCommands() {
		return usage("%q is no command of %q; hint: %s --help lists them", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	return usage("%q is not understood; hint: %s --help", args[0], cmd.CommandPath())
}

// newHelp is the help command. An unknown command is an error, as it is without help.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "explain a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, left, err := cmd.Root().Find(args)
			if err != nil || len(left) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, one := range of.Commands() {
				if one.IsAvailableCommand() {
					names = append(names, one.Name()+"\t"+one.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, left, err := cmd.Root().Find(args)
			if of == nil || err != nil {
				of, left = cmd.Root(), args
			}
			if len(left) > 0 {
				return noArgs(of, left)
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// oneArg wants one argument.
func oneArg(what string) cobra.PositionalArgs { return manyArgs(1, what) }

// manyArgs wants so many arguments.
func manyArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s wants %s; hint: %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(below...)
	return cmd
}

// sources says where the settings come from.
func (s *shared) sources() (config.Sources, error) {
	// The command line's own variables are no settings of the server.
	environ := slices.DeleteFunc(slices.Clone(s.environ), func(pair string) bool { return strings.HasPrefix(pair, prefixCLI) })
	from := config.Sources{File: s.config, EnvFile: s.envFile, Environ: environ, Set: map[string]string{}}
	for _, pair := range s.environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case name == config.EnvPrefix+"CONFIG" && from.File == "":
			from.File = value
		case name == config.EnvPrefix+"ENV_FILE" && from.EnvFile == "":
			from.EnvFile = value
		}
	}
	for _, pair := range s.set {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return from, usage("--set %s: has no value; hint: --set redis.mode=sentinel", pair)
		}
		from.Set[key] = value
	}
	return from, nil
}
