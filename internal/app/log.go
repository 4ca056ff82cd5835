package app

import (
	"io"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
)

// logging is the log of the server.
type logging struct {
	*slog.Logger
	level  *slog.LevelVar
	buffer *logbuffer.Buffer
}

// newLogging returns a log that writes to w in the configured form; its level can be changed while it is used. dropped
// is called with the number of lines of requests that were dropped, because w accepted them too slowly.
func newLogging(c config.Log, w io.Writer, dropped func(lines int)) logging {
	l := logging{level: &slog.LevelVar{}}
	setLevel(l.level, c)
	l.buffer = logbuffer.New(w, logbuffer.Options{Interval: c.RequestFlushInterval, Dropped: func(lines int) {
		dropped(lines)
		l.Warn("lines of requests were dropped from the log: its reader is too slow", "count", lines)
	}})
	o := &slog.HandlerOptions{Level: l.level}
	if c.Format == formatText {
		o.ReplaceAttr = shortTime
		l.Logger = slog.New(slog.NewTextHandler(l.buffer, o))
	} else {
		l.Logger = slog.New(slog.NewJSONHandler(l.buffer, o))
	}
	return l
}

const formatText = "text"

// requests returns the log of requests.
func (l logging) requests(c config.Log) *web.RequestLog {
	return &web.RequestLog{Lines: l.buffer, Level: l.level, Text: c.Format == formatText, OneIn: c.RequestSampleOneIn}
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
