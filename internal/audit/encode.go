package audit

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// The names of `audit` tags that are members of an entry. Every other name is a detail.
const (
	memberActor   = "actor"
	memberSubject = "subject"
	memberClient  = "client_id"
	memberOutcome = "outcome"
)

// shape is the place of the fields of one type of event in an entry.
type shape struct {
	actor, outcome, subject, client int // the index of the field; -1: the type has none
	details                         []namedField
}

// namedField is a field that is a detail.
type namedField struct {
	name  string
	index int
}

// shapeOf returns the shape of a type of event. It reads the tags once for each type.
func (l *Log) shapeOf(t reflect.Type) *shape {
	if known, ok := l.shapes.Load(t); ok {
		return known.(*shape) //nolint:forcetypeassert // only this function stores
	}
	s := &shape{actor: -1, outcome: -1, subject: -1, client: -1}
	for i := range t.NumField() {
		switch name := t.Field(i).Tag.Get("audit"); name {
		case "":
		case memberActor:
			s.actor = i
		case memberOutcome:
			s.outcome = i
		case memberSubject:
			s.subject = i
		case memberClient:
			s.client = i
		default:
			s.details = append(s.details, namedField{name, i})
		}
	}
	slices.SortFunc(s.details, func(a, b namedField) int { return cmp.Compare(a.name, b.name) })
	l.shapes.Store(t, s)
	return s
}

// encode returns the Fact of an event as one line of JSON, without the line end. Empty fields are left out, except for
// truth values and the outcome. It is written by hand because every token that is issued causes one.
func (l *Log) encode(q queued) []byte {
	value := reflect.ValueOf(q.event)
	s := l.shapeOf(value.Type())
	text := func(index int) string {
		if index < 0 {
			return ""
		}
		return value.Field(index).String()
	}
	line := make([]byte, 0, 512)
	line = q.at.UTC().Truncate(time.Microsecond).AppendFormat(append(line, `{"at":"`...), time.RFC3339Nano)
	line = logbuffer.AppendString(append(line, `","event":`...), q.event.Name())
	line = appendMember(line, memberActor, text(s.actor))
	if s.outcome >= 0 {
		line = appendMember(line, memberOutcome, cmp.Or(text(s.outcome), string(event.Done)))
	}
	line = appendMember(line, memberSubject, text(s.subject))
	line = appendMember(line, memberClient, text(s.client))
	line = appendMember(line, "ip", q.origin.IP)
	line = appendMember(line, "user_agent", q.origin.UserAgent)
	line = appendMember(line, "request_id", q.origin.RequestID)
	line = appendMember(line, "writer", l.writer)
	line = append(line, `,"details":`...)
	line = appendDetails(line, value, s.details)
	return append(line, '}')
}

// appendDetails appends an object. A detail that cannot be encoded must not make the fact get lost.
func appendDetails(line []byte, value reflect.Value, fields []namedField) []byte {
	begin := len(line)
	line = append(line, '{')
	for _, f := range fields {
		field := value.Field(f.index)
		if field.IsZero() && field.Kind() != reflect.Bool {
			continue
		}
		if line[len(line)-1] != '{' {
			line = append(line, ',')
		}
		line = append(logbuffer.AppendString(line, f.name), ':')
		var ok bool
		if line, ok = appendDetail(line, field); !ok {
			return append(line[:begin], `{"unreadable":true}`...)
		}
	}
	return append(line, '}')
}

// appendDetail appends the value of a field: scopes as OAuth writes them, every other type as encoding/json does.
func appendDetail(line []byte, field reflect.Value) ([]byte, bool) {
	switch field.Kind() { //nolint:exhaustive // encoding/json writes the others
	case reflect.String:
		return logbuffer.AppendString(line, field.String()), true
	case reflect.Bool:
		return strconv.AppendBool(line, field.Bool()), true
	case reflect.Int:
		return strconv.AppendInt(line, field.Int(), 10), true
	}
	value := field.Interface()
	if scopes, ok := value.(oauth.Scopes); ok {
		return logbuffer.AppendString(line, scopes.String()), true
	}
	body, err := json.Marshal(value)
	return append(line, body...), err == nil
}

// appendMember appends a member that is left out when it is empty.
func appendMember(line []byte, name, value string) []byte {
	if value == "" {
		return line
	}
	line = append(append(append(line, `,"`...), name...), `":`...)
	return logbuffer.AppendString(line, value)
}
