package command

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

const referenceHead = `# Command line

<!-- Written by "make docs" out of the commands themselves. -->

One binary is the server and the tools to look after it. This page lists every command; ` + "`oauth2d COMMAND --help`" + ` says the same.

## How a command reaches the server

- ` + "`--server URL`" + ` names the operators' listener (` + "`admin.listen`" + `) of a running server: the command speaks to the [admin API](../api/openapi/admin.yaml) there,
  with a token of that very server. Who you are comes from the environment, or from ` + "`oauth2d login`" + `:

  | variable | meaning |
  | --- | --- |
  | ` + "`OAUTH2D_CLI_SERVER`" + ` | the operators' listener, such as ` + "`http://127.0.0.1:9090`" + ` |
  | ` + "`OAUTH2D_CLI_ISSUER`" + ` | the issuer that gives the token |
  | ` + "`OAUTH2D_CLI_CLIENT_ID`" + ` | a client with admin scopes |
  | ` + "`OAUTH2D_CLI_CLIENT_SECRET`" + ` | its secret, or |
  | ` + "`OAUTH2D_CLI_CLIENT_SECRET_FILE`" + ` | a file that holds it |
  | ` + "`OAUTH2D_CLI_TOKEN_CACHE`" + ` | folder where the access tokens of clients are kept for their life, in files that only you can read; empty: ` + "`$XDG_CACHE_HOME/oauth2d`" + `; ` + "`off`" + ` keeps none |
  | ` + "`OAUTH2D_CLI_LOGIN_FILE`" + ` | where ` + "`login`" + ` stores what it got; empty: ` + "`$XDG_CONFIG_HOME/oauth2d/login.json`" + ` |

- ` + "`--direct`" + ` works straight on Redis with the server's own settings: to register the first client, and in an emergency. It follows the same rules, because it
  runs the same admin API inside the command; running servers notice within a second.

## What it prints

Results go to standard output, everything else to standard error. ` + "`--output json`" + ` and ` + "`--output yaml`" + ` have the members of the admin API, and are stable. A secret is
printed once, alone on its line. What destroys knows ` + "`--dry-run`" + `; on a terminal it asks first, unless ` + "`--yes`" + ` is given. Elsewhere nobody is asked. An empty value of a flag, as of a
script's unset variable, is refused there: it would destroy more than was meant.

The name of a session or grant, or a token, may begin with a dash. It is understood all the same, and needs no ` + "`--`" + ` before it.

| exit code | meaning |
| --- | --- |
`

// Reference returns the page that documents all commands.
func Reference(root *cobra.Command) string {
	var page strings.Builder
	page.WriteString(referenceHead)
	for line := range strings.Lines(exit.Codes) {
		if code, meaning, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			fmt.Fprintf(&page, "| %s | %s |\n", code, cell(meaning))
		}
	}
	page.WriteString("\n## Flags of every command\n\n")
	flagTable(&page, root.PersistentFlags())
	page.WriteString("## Commands\n")
	for _, cmd := range root.Commands() {
		describe(&page, cmd)
	}
	text := strings.ReplaceAll(page.String(), "\n\n\n", "\n\n")
	return strings.TrimRight(text, "\n") + "\n"
}

// describe writes the sections of a command and of those below it.
func describe(page *strings.Builder, cmd *cobra.Command) {
	if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
		return
	}
	if below := cmd.Commands(); len(below) > 0 {
		fmt.Fprintf(page, "\n### %s\n\n%s\n", cmd.CommandPath(), sentence(cmd.Short))
		for _, one := range below {
			describe(page, one)
		}
		return
	}
	level := "###"
	if cmd.Parent().HasParent() {
		level = "####"
	}
	fmt.Fprintf(page, "\n%s %s\n\n%s\n", level, cmd.CommandPath(), sentence(cmp.Or(cmd.Long, cmd.Short)))
	cmd.InitDefaultHelpFlag()
	fmt.Fprintf(page, "\n```console\n%s\n```\n\n```sh\n%s\n```\n\n", cmd.UseLine(), unindented(cmd.Example))
	flagTable(page, cmd.LocalFlags())
}

// sentence returns text with a capital letter at its beginning and a full stop at its end.
func sentence(text string) string {
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, ".\n") {
		return text
	}
	return text + "."
}

func unindented(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimPrefix(strings.TrimRight(line, "\n"), "  "))
	}
	return strings.Join(lines, "\n")
}

func flagTable(page *strings.Builder, flags *pflag.FlagSet) {
	var rows []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		preset := "-"
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && f.DefValue != "0s" {
			preset = "`" + f.DefValue + "`"
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |\n", name, preset, cell(f.Usage)))
	})
	if len(rows) == 0 {
		return
	}
	page.WriteString("| flag | default | meaning |\n| --- | --- | --- |\n" + strings.Join(rows, "") + "\n")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
