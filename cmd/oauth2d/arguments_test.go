package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

func TestNamesThatBeginWithADash(t *testing.T) {
	t.Parallel()
	const name, other = "-h9-yJx5s1c8bQe7uWnZk2LmA_", "--set0yJx5s1c8bQe7uWnZk2Lm"
	if len(name) != oauth.KeyLength || len(other) != oauth.KeyLength {
		t.Fatal("these are no names")
	}
	for given, want := range map[string]string{
		"session end abc --direct":                        "session end abc --direct",
		"session end " + name + " --direct":               "session end --direct -- " + name,
		"session end " + other + " " + name:               "session end -- " + other + " " + name,
		"session end abc " + name + " --yes":              "session end --yes -- abc " + name,
		"-o json client drop-secret " + name + " s_a1 -y": "-o json client drop-secret -y -- " + name + " s_a1",
		"token introspect - --direct " + name:             "token introspect --direct -- - " + name,
		"session end -o json " + name:                     "session end -o json -- " + name,
		"session end --yes " + name + " -- " + other:      "session end --yes -- " + name + " " + other,
		"session end -- " + name:                          "session end -- " + name,
		"grant revoke --user " + name + " --direct":       "grant revoke --user " + name + " --direct --",
		"audit query -o " + name:                          "audit query -o " + name + " --",
		"token introspect " + name + name + " --direct":   "token introspect --direct -- " + name + name,
		"session end " + name[:oauth.KeyLength-1] + " x":  "session end " + name[:oauth.KeyLength-1] + " x",
		"session end --started-before=2026-01-01T00:00Z":  "session end --started-before=2026-01-01T00:00Z",
	} {
		root := newRoot(console.Console{Out: io.Discard, Err: io.Discard})
		if got := command.Arguments(root, strings.Fields(given)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s\nbecomes %q\nwant    %s", given, got, want)
		}
	}
}

// No flag may have the form of a name, or it would be taken for one.
func TestNoFlagIsAName(t *testing.T) {
	t.Parallel()
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			look(below)
		}
		cmd.InheritedFlags()
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if command.IsDashedName("--" + f.Name) {
				t.Errorf("%s --%s is too long a name for a flag", cmd.CommandPath(), f.Name)
			}
		})
	}
	look(newRoot(console.Console{Out: io.Discard, Err: io.Discard}))
}

// docs/cli.md agrees with the commands.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	stands, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if command.Reference(newRoot(console.Console{Out: io.Discard, Err: io.Discard})) != string(stands) {
		t.Error("docs/cli.md is stale: make docs")
	}
}

// Every command begins its help with an example of itself, and says in lower case what it does.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			look(below)
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || cmd.HasParent() && strings.ToLower(cmd.Short[:1]) != cmd.Short[:1] {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if !cmd.HasSubCommands() && !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: has no example of itself", cmd.CommandPath())
		}
	}
	look(newRoot(console.Console{Out: io.Discard, Err: io.Discard}))
}
