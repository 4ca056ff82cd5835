package app

import (
	"io"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
)

// newLogger writes to w in the configured form; its level can be changed while it is used.
func newLogger(c config.Log, w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	setLevel(level, c)
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		o.ReplaceAttr = shortTime
		return slog.New(slog.NewTextHandler(w, o)), level
	}
	return slog.New(slog.NewJSONHandler(w, o)), level
}

// shortTime omits the date from lines that a person reads as they are written.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		a.Value = slog.StringValue(a.Value.Time().Format(time.TimeOnly))
	}
	return a
}

// setLevel sets the configured level. It keeps the current one when the word is not a level, which the settings
// exclude.
func setLevel(level *slog.LevelVar, c config.Log) {
	var wanted slog.Level
	if wanted.UnmarshalText([]byte(c.Level)) == nil {
		level.Set(wanted)
	}
}
