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
	Actor     string         `json:"actor,omitempty"`     // the person or client that caused it; empty: the subject or the server
	Outcome   string         `json:"outcome,omitempty"`   // of a change: done, failed or unknown
	Subject   string         `json:"subject,omitempty"`   // the user concerned
	Client    string         `json:"client_id,omitempty"` // the client concerned
	IP        string         `json:"ip,omitempty"`
	UserAgent string         `json:"user_agent,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
	Writer    string         `json:"writer"`  // the server process that recorded it
	Details   map[string]any `json:"details"` // the other fields of the event, by name; never a secret
}

// Entry is a fact with its place in the log.
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
	passed chan struct{} // set for a Sync, which waits until everything before it is written
}

// The names of `audit` tags that are members of an entry. Every other name is a detail.
const (
	memberActor   = "actor"
	memberSubject = "subject"
	memberClient  = "client_id"
	memberOutcome = "outcome"
)

// fact returns the record of an event. Empty fields are left out, except for truth values and the outcome.
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

// members returns the names of the `audit` tags of an event's fields, in their order; empty for a field without one. It
// reads them once for each type.
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

// detail returns the form of a field in an entry: scopes as OAuth writes them.
func detail(value any) any {
	if scopes, ok := value.(oauth.Scopes); ok {
		return scopes.String()
	}
	return value
}

// encode returns a fact as one line, without the line end.
func (f Fact) encode() []byte {
	line, err := json.Marshal(f)
	if err != nil { // a detail cannot be encoded; the fact must not get lost by it
		f.Details = map[string]any{"unreadable": true}
		line, _ = json.Marshal(f)
	}
	return line
}

// routine reports whether anybody can cause a fact at any rate, without a change. Another fact records each important
// consequence: a token was issued, a credential reused, a user locked out.
func routine(e event.Event) bool {
	switch e := e.(type) {
	case event.TokenIntrospected, event.ClientAuthenticated, event.LimitHit, event.CleanupRan:
		return true
	case event.CredentialPresented:
		return e.Verdict != oauth.Unknown
	case event.RequestRefused:
		// Apps that check silently whether a person is signed in get these every few minutes.
		return e.Code == oauth.LoginRequired || e.Code == oauth.ConsentRequired
	}
	return false
}
