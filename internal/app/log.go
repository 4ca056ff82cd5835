package app

import (
	"io"
	"log/slog"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// newLogger writes to w in the configured form; its level can be changed while it is used.
func newLogger(c config.Log, w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	setLevel(level, c)
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o)), level
	}
	return slog.New(slog.NewJSONHandler(w, o)), level
}

// setLevel leaves the level as it is when the word is none; the settings were checked before.
func setLevel(level *slog.LevelVar, c config.Log) {
	var wanted slog.Level
	if wanted.UnmarshalText([]byte(c.Level)) == nil {
		level.Set(wanted)
	}
}
