package app

import (
	"context"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"unicode"

	"github.com/recipe-web-app/oauth2d/internal/config"
	"github.com/recipe-web-app/oauth2d/internal/event"
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

// trail writes every fact into the log, as one line with the fact's own fields.
type trail struct{ log *slog.Logger }

// Emit implements event.Sink.
func (t trail) Emit(ctx context.Context, e event.Event) {
	level := levelOf(e)
	if !t.log.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{slog.String("event", e.Name())}
	if origin := event.OriginOf(ctx); origin.RequestID != "" {
		attributes = append(attributes, slog.String("request_id", origin.RequestID), slog.String("ip", origin.IP))
	}
	value := reflect.ValueOf(e)
	for i := range value.NumField() {
		if field := value.Field(i); !field.IsZero() {
			attributes = append(attributes, slog.Any(attribute(value.Type().Field(i).Name), field.Interface()))
		}
	}
	t.log.LogAttrs(ctx, level, "event", attributes...)
}

// levelOf says who should look: what every request does is for those who search; a credential that
// is shown twice may be a theft.
func levelOf(e event.Event) slog.Level {
	switch e.(type) {
	case event.CodeReplayed, event.RefreshReused, event.LockedOut:
		return slog.LevelWarn
	case event.TokenIntrospected, event.CredentialShown, event.ClientAuthenticated, event.LimitHit, event.CleanupRan:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// attribute is a field's name as the log has it everywhere: client_id, grant_type, user.
func attribute(field string) string {
	if field == "Client" {
		return "client_id"
	}
	var name strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(r))
	}
	return name.String()
}
