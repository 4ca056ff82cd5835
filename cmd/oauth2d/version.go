package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release; the linker writes it (-X main.version=...).
var version string

// commit is what the release was built from; the linker writes it (-X main.commit=...).
var commit string //nolint:gochecknoglobals // the linker writes nothing but variables

// build is what this binary was made of.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "tell what this binary was made of",
		Example: "  oauth2d version --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			return s.print(b, table{rows: [][]string{
				{"version", b.Version}, {"commit", first(b.Commit, "unknown: built outside of version control")}, {"time", orDash(b.Time)}, {"go", b.Go}, {"platform", b.Platform},
			}})
		},
	}
}

// line is the build in one line, for --version.
func (b build) line() string {
	text := "oauth2d " + b.Version
	if b.Commit != "" {
		text += " (" + b.Commit[:min(len(b.Commit), 12)] + ")"
	}
	return text + " " + b.Go + " " + b.Platform + "\n"
}

func thisBuild() build {
	b := build{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if b.Version == "" && ok {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	if !ok {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = first(b.Commit, setting.Value)
		case "vcs.time":
			b.Time = setting.Value
		}
	}
	return b
}
