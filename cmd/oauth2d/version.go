package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/recipe-web-app/oauth2d/internal/cli/build"
	"github.com/recipe-web-app/oauth2d/internal/cli/command"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// version is the release. The linker sets it (-X main.version=...).
var version string

// commit is the commit of the release. The linker sets it (-X main.commit=...).
var commit string //nolint:gochecknoglobals // the linker can only set variables

func newVersion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print the version, commit and platform of this binary",
		Example: "  oauth2d version --output json",
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			return c.Print(b, console.Table{Rows: [][]string{
				{"version", b.Version}, {"commit", cmp.Or(b.Commit, "unknown: built outside of version control")}, {"time", console.OrDash(b.Time)}, {"go", b.Go}, {"platform", b.Platform},
			}})
		},
	}
}

func thisBuild() build.Build { return build.Of(version, commit) }
