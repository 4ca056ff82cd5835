package command

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/exit"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// flagError adds to an error about a flag the name that was probably meant, or the form of its value.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		collect := func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		}
		cmd.Flags().VisitAll(collect)
		cmd.InheritedFlags().VisitAll(collect)
		if near := oauth.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return exit.Usagef("unknown flag: --%s; hint: did you mean --%s?", unknown.GetSpecifiedName(), near)
		}
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := wrong.GetFlag()
		if form := formOf(flag.Value.Type()); form != "" {
			return exit.Usagef("--%s %s: is not %s", flag.Name, wrong.GetValue(), form)
		}
	}
	return exit.Usagef("%w; hint: %s --help", err, cmd.CommandPath())
}

// formOf describes the form of a kind of value; "" when the library's own message is good enough.
func formOf(kind string) string {
	switch {
	case kind == "duration":
		return "a duration such as 90s, 15m, 12h or 7d"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case kind == "stringToString":
		return "of the form name=value"
	default:
		return ""
	}
}
