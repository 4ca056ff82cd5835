package audit

import (
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
