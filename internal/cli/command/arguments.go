package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// IsDashedName reports whether a word is the name of a session or grant, or a token, that begins with a dash, as one in
// 64 does: all are base64url (RFC 4648 §5) of at least this length. No flag is that long.
func IsDashedName(word string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return strings.HasPrefix(word, "-") && len(word) >= oauth.KeyLength && strings.Trim(word, alphabet) == ""
}

// Arguments moves arguments behind "--", where they are not parsed as flags, if one of them begins with a dash. Their
// order stays, and the value of a flag stays behind it.
func Arguments(root *cobra.Command, args []string) []string {
	if !slices.ContainsFunc(args, IsDashedName) {
		return args
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return args // executing the command reports the error
	}
	cmd.InheritedFlags()                           // adds them to cmd.Flags
	words := strings.Count(cmd.CommandPath(), " ") // of the command's name
	var kept, names []string
	isValue := false // arg belongs to the flag before it
	for i, arg := range args {
		if arg == "--" && !isValue {
			names = append(names, args[i+1:]...)
			break
		}
		isFlag := strings.HasPrefix(arg, "-") && arg != "-" && !IsDashedName(arg)
		switch {
		case isValue, isFlag:
			kept = append(kept, arg)
		case words > 0 && !IsDashedName(arg):
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
