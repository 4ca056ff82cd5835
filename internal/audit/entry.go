package audit

import (
	"cmp"
	"encoding/json"
	"reflect"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
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

// queued is an event in the queue.
type queued struct {
	at     time.Time
	origin event.Origin
	event  event.Event
	passed chan struct{} // not nil: no event, but a Sync that waits until everything before it is written
}

// The names that are members of an entry of their own. Every other name of an `audit` tag is a detail.
const (
	memberActor   = "actor"
	memberSubject = "subject"
	memberClient  = "client_id"
	memberOutcome = "outcome"
)

// fact returns an event as it is recorded. Fields that are empty are left out, except for truth values and
// the outcome.
func (l *Log) fact(q queued) Fact {
	f := Fact{
		At: q.at.UTC().Truncate(time.Microsecond), Event: q.event.Name(), IP: q.origin.IP, UserAgent: q.origin.UserAgent,
		RequestID: q.origin.RequestID, Writer: l.writer, Details: map[string]any{},
	}
	value := reflect.ValueOf(q.event)
	for i, name := range l.members(value.Type()) {
		switch field := value.Field(i); name {
		case "":
		case memberActor:
			f.Actor = field.String()
		case memberSubject:
			f.Subject = field.String()
		case memberClient:
			f.Client = field.String()
		case memberOutcome:
			f.Outcome = cmp.Or(field.String(), string(event.Done))
		default:
			if !field.IsZero() || field.Kind() == reflect.Bool {
				f.Details[name] = detail(field.Interface())
			}
		}
	}
	return f
}

// members returns the names of the `audit` tags of an event's fields, in their order; empty for a field
// without one. They are read once a type.
func (l *Log) members(t reflect.Type) []string {
	if known, ok := l.names.Load(t); ok {
		return known.([]string) //nolint:forcetypeassert // only this function stores
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("audit")
	}
	l.names.Store(t, names)
	return names
}

// detail returns a field as it is written into an entry: scopes as OAuth writes them.
func detail(value any) any {
	if scopes, ok := value.(oauth.Scopes); ok {
		return scopes.String()
	}
	return value
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
	case event.CredentialPresented:
		return e.Verdict != oauth.Unknown
	case event.RequestRefused:
		// What apps are answered that look silently, every few minutes, whether somebody is signed in.
		return e.Code == oauth.LoginRequired || e.Code == oauth.ConsentRequired
	}
	return false
}
