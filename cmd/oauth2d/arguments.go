package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// isDashedName reports whether a word is a name of a session or grant, or a token, that begins with a dash,
// as one in 64 does: all are base64url (RFC 4648 §5), and none is shorter. No flag is that long.
func isDashedName(word string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return strings.HasPrefix(word, "-") && len(word) >= oauth.KeyLength && strings.Trim(word, alphabet) == ""
}

// arguments puts the names behind "--", where no flag is looked for, when there is such a one; their order
// stays. A flag's own value stays with it.
func arguments(root *cobra.Command, args []string) []string {
	if !slices.ContainsFunc(args, isDashedName) {
		return args
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return args // carrying it out says what is wrong
	}
	cmd.InheritedFlags()                           // so that cmd.Flags has them, too
	words := strings.Count(cmd.CommandPath(), " ") // of the command itself
	var kept, names []string
	isValue := false // of the flag before
	for i, arg := range args {
		if arg == "--" && !isValue {
			names = append(names, args[i+1:]...)
			break
		}
		isFlag := strings.HasPrefix(arg, "-") && arg != "-" && !isDashedName(arg)
		switch {
		case isValue, isFlag:
			kept = append(kept, arg)
		case words > 0 && !isDashedName(arg):
			kept = append(kept, arg)
			words--
		default:
			names = append(names, arg)
		}
		isValue = isFlag && !isValue && wantsValue(cmd, arg)
	}
	return slices.Concat(kept, []string{"--"}, names)
}

// wantsValue reports whether a word is a flag whose value is the next word.
func wantsValue(cmd *cobra.Command, word string) bool {
	flag := cmd.Flags().Lookup(strings.TrimPrefix(word, "--"))
	if len(word) == 2 && word[0] == '-' {
		flag = cmd.Flags().ShorthandLookup(word[1:])
	} else if !strings.HasPrefix(word, "--") {
		return false
	}
	return flag != nil && flag.NoOptDefVal == ""
}
