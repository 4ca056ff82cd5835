package audit

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Filter says which entries are wanted: those that fit everything that is given.
type Filter struct {
	From, To time.Time // entries of this time and later, and before that time
	Subject  string    // about this user or client, or caused by it
	Client   string    // this client took part
	Events   []string  // one of these facts
	Request  string    // of the request with this id or support code
}

// Query asks for a page of entries.
type Query struct {
	Filter
	OldestFirst bool
	Limit       int    // at most; 50 when it is 0
	Cursor      string // the Next of the page before; empty for the first one
}

// Page is a part of the log. It may hold fewer entries than were asked for, even none, while Next says
// that there are more.
type Page struct {
	Items []Entry
	Next  string // empty: there are no more
}

const (
	defaultLimit = 50
	readLimit    = 1000 // entries in one round trip
	lookLimit    = 20   // round trips for one page
	// skew bounds the difference between the clocks of a server and of the store. An entry is written after the
	// fact, so that otherwise its place is never earlier than its time.
	skew = time.Hour
)

// Query reads a page. The error is a refusal of an invalid cursor, or means "could not ask".
func (l *Log) Query(ctx context.Context, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	if !validPlace(q.Cursor) {
		return Page{}, oauth.Refuse(oauth.InvalidRequest, "the cursor is not one that was given out", nil)
	}
	page := Page{Items: []Entry{}}
	if l.o.Store == nil {
		return page, nil
	}
	r := store.AuditRange{After: q.Cursor, Newest: !q.OldestFirst, Limit: readLimit}
	if !q.From.IsZero() {
		r.Since = max(0, q.From.Add(-skew).UnixMilli())
	}
	for range lookLimit {
		found, err := l.o.Store.Read(ctx, r)
		if err != nil {
			return Page{}, oauth.Unavailable(err)
		}
		for _, stored := range found {
			if len(page.Items) == q.Limit {
				page.Next = r.After
				return page, nil
			}
			r.After = stored.Place
			if e := entryOf(stored); q.wants(e.Fact) {
				page.Items = append(page.Items, e)
			}
		}
		if len(found) < readLimit {
			return page, nil
		}
	}
	page.Next = r.After
	return page, nil
}

// entryOf reads a stored entry. One that somebody made unreadable has no event.
func entryOf(s store.AuditEntry) Entry {
	e := Entry{ID: s.Place, Seq: s.Seq, Previous: s.Previous, Hash: s.Hash}
	if json.Unmarshal(s.Body, &e.Fact) != nil {
		e.Fact = Fact{}
	}
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	return e
}

func (f Filter) wants(e Fact) bool {
	switch {
	case e.Event == "":
		return false // Verify reports it
	case !f.From.IsZero() && e.At.Before(f.From), !f.To.IsZero() && !e.At.Before(f.To):
		return false
	case f.Subject != "" && !slices.Contains([]any{e.Subject, e.Client, e.Actor, e.Details["target"]}, any(f.Subject)):
		return false
	case f.Client != "" && e.Client != f.Client:
		return false
	case f.Request != "" && !event.SameRequest(e.RequestID, f.Request):
		return false
	}
	return len(f.Events) == 0 || slices.Contains(f.Events, e.Event)
}

// validPlace reports whether a text has the form of a place: two numbers with a dash between them.
func validPlace(text string) bool {
	if text == "" {
		return true
	}
	dash := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '-' && dash == 0 && i > 0 && i < len(text)-1:
			dash = i
		case c < '0' || c > '9':
			return false
		}
	}
	return dash > 0 && dash <= 20 && len(text)-dash-1 <= 20
}
