package adminapi

import (
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// maxEvents bounds the event names of one query.
const maxEvents = 16

func (a *API) listAudit(c *call) error {
	f := adminwire.AuditFilter{
		From: c.time("from"), To: c.time("to"), Subject: c.id("subject"), Client: c.id("client_id"), Events: c.query["event"],
		Request: c.id("request_id"),
	}
	for _, name := range f.Events {
		if !slices.Contains(event.Names(), name) {
			c.fault("event", unknownEvent(name))
		}
	}
	if len(f.Events) > maxEvents {
		c.fault("event", "occurs more than 16 times")
	}
	switch c.query.Get("order") {
	case "asc":
		f.OldestFirst = true
	case "desc":
	default:
		if c.query.Has("order") {
			c.fault("order", "is neither asc nor desc")
		}
	}
	query := []string{
		"audit", f.From.String(), f.To.String(), f.Subject, f.Client, strings.Join(f.Events, " "), c.query.Get("order"), f.Request,
	}
	limit, from := c.limit(), c.place(query...)
	if err := c.err(); err != nil {
		return err
	}
	entries, more, err := a.o.Audit.Query(c.ctx(), f, from, limit)
	if err != nil {
		return err
	}
	if entries == nil {
		entries = []adminwire.AuditEntry{}
	}
	return c.ok(adminwire.Page[adminwire.AuditEntry]{Items: entries, Next: next(more, query...)})
}

// unknownEvent returns why the name of an event is refused: an empty result would read as "it never happened".
func unknownEvent(name string) string {
	if near := oauth.Nearest(name, event.Names()); near != "" {
		return "is not the name of an event; did you mean " + near + "?"
	}
	return "is not the name of an event; there are " + strings.Join(event.Names(), ", ")
}

func (a *API) verifyAudit(c *call) error {
	const query = "audit verify"
	from := c.place(query)
	if err := c.err(); err != nil {
		return err
	}
	report, err := a.o.Audit.Verify(c.ctx(), from)
	if err != nil {
		return err
	}
	report.Next = next(report.Next, query)
	return c.ok(report)
}

func (a *API) stats(c *call) error {
	s, err := c.Stats(c.ctx())
	if err != nil {
		return err
	}
	shown := adminwire.Stats{
		CountedAt: shownTime(s.At), Version: a.o.Version, Clients: s.Clients, Users: s.Users, Sessions: s.Sessions, Keys: s.Keys,
		SigningKeyAge: int64(s.SigningKeyAge / time.Second),
	}
	if a.o.Audit != nil {
		entries, dropped, err := a.o.Audit.Counts(c.ctx())
		if err != nil {
			return err
		}
		shown.AuditEntries, shown.AuditDropped = &entries, &dropped
	}
	return c.ok(shown)
}
