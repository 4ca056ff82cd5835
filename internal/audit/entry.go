package audit

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// Fact is one fact as it is recorded.
type Fact struct {
	At        time.Time      `json:"at"`
	Event     string         `json:"event"`
	Actor     string         `json:"actor,omitempty"`     // who did it, when it was not the subject itself or the server
	Outcome   string         `json:"outcome,omitempty"`   // of a change: done, failed or unknown
	Subject   string         `json:"subject,omitempty"`   // the user whom it is about
	Client    string         `json:"client_id,omitempty"` // the client that took part
	IP        string         `json:"ip,omitempty"`
	UserAgent string         `json:"user_agent,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
	Writer    string         `json:"writer"`  // the server process that recorded it
	Details   map[string]any `json:"details"` // the other fields of the event, by name; never a secret
}

// Entry is a fact in its place in the log.
type Entry struct {
	ID string `json:"id"` // the place
	Fact
	Seq      uint64 `json:"seq"`      // the number of the entry, counted from 1
	Previous string `json:"previous"` // the hash of the entry before
	Hash     string `json:"hash"`
}

// told is a fact on its way through the queue.
type told struct {
	at     time.Time
	origin event.Origin
	event  event.Event
	passed chan struct{} // no fact, but somebody who waits until everything before it is written
}

// factOf spreads an event over a Fact. A field that says who did something, whom it is about or which
// client took part has its own place; the others are details. Empty fields are left out, except for
// truth values.
func factOf(t told, writer string) Fact {
	f := Fact{
		At: t.at.UTC().Truncate(time.Microsecond), Event: t.event.Name(), IP: t.origin.IP, UserAgent: t.origin.UserAgent, RequestID: t.origin.RequestID,
		Writer: writer, Details: map[string]any{},
	}
	value := reflect.ValueOf(t.event)
	if value.Kind() != reflect.Struct {
		return f
	}
	for i := range value.NumField() {
		name, field := value.Type().Field(i).Name, value.Field(i)
		if !field.CanInterface() {
			continue
		}
		text := ""
		if field.Kind() == reflect.String {
			text = field.String()
		}
		switch name {
		case "Actor", "By", "Caller":
			f.Actor = text
		case "User":
			f.Subject = text
		case "Client":
			f.Client = text
		case "Outcome":
			f.Outcome = cmp.Or(text, string(event.Done))
		default:
			if !field.IsZero() || field.Kind() == reflect.Bool {
				f.Details[detail(name)] = field.Interface()
			}
		}
	}
	return f
}

// detail is a field's name as it stands in JSON: grant_type, redirect_uri.
func detail(field string) string {
	var name strings.Builder
	lower := false // the letter before
	for _, r := range field {
		if unicode.IsUpper(r) && lower {
			name.WriteByte('_')
		}
		lower = unicode.IsLower(r)
		name.WriteRune(unicode.ToLower(r))
	}
	return name.String()
}

// encode writes a fact as one line, without its end.
func (f Fact) encode() []byte {
	line, err := json.Marshal(f)
	if err != nil { // an event holds something that JSON does not know; the fact must not get lost by it
		f.Details = map[string]any{"unreadable": true}
		line, _ = json.Marshal(f)
	}
	return line
}

// routine tells the facts that anybody can cause at any rate without anything having changed. What
// matters about them is told by another fact: a token was issued, a credential reused, somebody locked out.
func routine(e event.Event) bool {
	switch e := e.(type) {
	case event.TokenIntrospected, event.ClientAuthenticated, event.LimitHit, event.CleanupRan:
		return true
	case event.CredentialShown:
		return e.Verdict != "unknown"
	case event.RequestRefused:
		// What apps are answered that look silently, every few minutes, whether somebody is signed in.
		return e.Code == "login_required" || e.Code == "consent_required"
	}
	return false
}
