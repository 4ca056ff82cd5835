package store

import (
	"context"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Overview reads across all records, for operators. Every method is a read, beside which records may change.
type Overview interface {
	// Counts counts in one round trip, at a cost that does not grow with the numbers.
	Counts(ctx context.Context, now time.Time) (Counts, error)

	// Sessions returns live sessions of all users behind a place, at most limit, those first that would end first. next
	// is the place of the last one that was read, zero when there are no more. A session that is used between two
	// pages moves behind and may come again; none that lives all the time is missed. It takes two round trips.
	Sessions(
		ctx context.Context, after SessionPlace, limit int, now time.Time,
	) (live []oauth.Session, next SessionPlace, err error)

	// SessionsBehind counts the sessions behind a place.
	SessionsBehind(ctx context.Context, after SessionPlace, now time.Time) (int, error)

	// ClientsOfUser summarizes a user's live grants by client, in the order of the clients' tags: those
	// behind q.After, at most q.Limit clients. Of a client with more than oauth.MaxGrantsOfClient entries
	// the newest count.
	ClientsOfUser(ctx context.Context, q ClientsQuery) ([]ClientGrants, error)
}

// ClientsQuery asks for one page of the clients that hold grants of a user.
type ClientsQuery struct {
	User  oauth.UserID
	After ClientTag // of the last client of the page before; empty for the first page
	Limit int

	// Keep reports whether a live grant counts; nil counts all. It is called by one goroutine, and ClientsOfUser
	// returns its error.
	Keep func(context.Context, oauth.Grant) (bool, error)
}

// ClientGrants sums up a user's live grants to one client.
type ClientGrants struct {
	Client oauth.ClientID // empty when none of the grants counts
	Tag    ClientTag
	Scope  oauth.Scopes // of all
	Since  time.Time    // the oldest
	Count  int
}

// Counts holds the numbers of records.
type Counts struct{ Clients, Users, Sessions int }

// SessionPlace is a place among the sessions of everybody; the zero place is in front of all.
type SessionPlace struct {
	Expires time.Time // exact to a millisecond
	Ref     oauth.SessionRef
}
