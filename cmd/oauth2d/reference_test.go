package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

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
