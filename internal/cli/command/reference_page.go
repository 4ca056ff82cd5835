package command

import (
	"cmp"
	_ "embed" // the head of the page
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
)

//go:embed reference_head.txt
var referenceHead string

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
