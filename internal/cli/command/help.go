package command

import "github.com/spf13/cobra"

// Prepare sets the help, the errors about flags and the completion of a root command.
func Prepare(root *cobra.Command) {
	root.SetHelpCommand(newHelp())
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
}

// helpTemplate shows examples before usage and flags.
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

// newHelp returns the help command. An unknown command is an error, as without help.
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
				return NoArgs(of, left)
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}
