package build

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Build describes a binary.
type Build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Line returns the build in one line, for --version.
func (b Build) Line() string {
	text := "oauth2d " + b.Version
	if b.Commit != "" {
		text += " (" + b.Commit[:min(len(b.Commit), 12)] + ")"
	}
	return text + " " + b.Go + " " + b.Platform + "\n"
}

// Of returns the build of this binary. version and commit were set by the linker; where they are empty, those that the
// Go toolchain recorded are used.
func Of(version, commit string) Build {
	b := Build{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
			b.Commit = cmp.Or(b.Commit, setting.Value)
		case "vcs.time":
			b.Time = setting.Value
		}
	}
	return b
}
