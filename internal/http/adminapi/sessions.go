package adminapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/admin"
	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

func shownSession(s oauth.Session) adminwire.Session {
	return adminwire.Session{
		Ref: string(s.Ref), User: string(s.User), Username: s.Username, AuthTime: shownTime(s.AuthTime), ACR: s.ACR,
		AMR: list(s.AMR), Device: s.Device, IP: s.IP, Started: shownTime(s.Started), Seen: shownTime(s.Seen), Expires: shownTime(s.Expires),
	}
}

// markOf identifies a filter, for cursors.
func markOf(f admin.SessionFilter) []string {
	return []string{"sessions", string(f.User), string(f.Client), f.StartedBefore.UTC().String(), f.SeenBefore.UTC().String()}
}

// sessionPlace reads the place of a cursor, and writePlace writes it.
func sessionPlace(text string) (admin.SessionCursor, bool) {
	millis, ref, ok := strings.Cut(text, " ")
	if text == "" {
		return admin.SessionCursor{}, true
	}
	if millis == "" {
		return admin.SessionCursor{Behind: oauth.SessionRef(ref)}, ok
	}
	n, err := strconv.ParseInt(millis, 10, 64)
	return admin.SessionCursor{Place: store.SessionPlace{Expires: time.UnixMilli(n).UTC(), Ref: oauth.SessionRef(ref)}}, ok && err == nil
}

func writePlace(c admin.SessionCursor) string {
	switch {
	case c == admin.SessionCursor{}:
		return ""
	case c.Behind != "":
		return " " + string(c.Behind)
	default:
		return strconv.FormatInt(c.Place.Expires.UnixMilli(), 10) + " " + string(c.Place.Ref)
	}
}

func (a *API) listSessions(c *call) error {
	f := admin.SessionFilter{
		User: oauth.UserID(c.id("user_id")), Client: oauth.ClientID(c.id("client_id")),
		StartedBefore: c.time("started_before"), SeenBefore: c.time("seen_before"),
	}
	limit := c.limit()
	from, ok := sessionPlace(c.place(markOf(f)...))
	if !ok {
		c.fault("cursor", notOurs)
	}
	if err := c.err(); err != nil {
		return err
	}
	found, err := c.FindSessions(c.ctx(), f, from, limit)
	if err != nil {
		return err
	}
	page := adminwire.Page[adminwire.Session]{Items: []adminwire.Session{}, Next: next(writePlace(found.Next), markOf(f)...)}
	for _, one := range found.Sessions {
		page.Items = append(page.Items, shownSession(one))
	}
	return c.ok(page)
}

// defaultStep is the default number of sessions that one step of ending reads.
const defaultStep = 200

func (a *API) endSessions(c *call) error {
	var form adminwire.SessionsEnd
	if err := c.body(&form); err != nil {
		return err
	}
	f := admin.SessionFilter{
		User: oauth.UserID(form.Filter.User), Client: oauth.ClientID(form.Filter.Client),
		StartedBefore: form.Filter.StartedBefore, SeenBefore: form.Filter.SeenBefore,
	}
	var faults web.FaultErrors
	wrong := func(pointer, detail string) {
		faults = append(faults, adminwire.Fault{Pointer: pointer, Detail: detail})
	}
	// Members of a body are never empty, so a filter with a member differs from the zero filter.
	if f == (admin.SessionFilter{}) {
		wrong("/filter", "is missing or empty: say which sessions end; all of them are those with started_before now")
	}
	if f.User != "" && !isUUID(string(f.User)) {
		wrong("/filter/user_id", "is not a UUID")
	}
	if f.Client != "" && !isID(string(f.Client)) {
		wrong("/filter/client_id", "is not a valid client_id")
	}
	at, known := "", true
	if form.Cursor != "" {
		at, known = place(form.Cursor, markOf(f)...)
	}
	from, ok := sessionPlace(at)
	if !known || !ok {
		wrong("/cursor", notOurs)
	}
	if err := refuseFaults(faults); err != nil {
		return err
	}
	limit := int(form.Limit)
	if limit == 0 {
		limit = defaultStep
	}
	step, err := c.EndSessions(c.ctx(), f, from, limit)
	if err != nil {
		return err
	}
	return c.ok(adminwire.SessionsEnded{Ended: step.Ended, Remaining: step.Remaining, Next: next(writePlace(step.Next), markOf(f)...)})
}

func (a *API) endSession(c *call) error {
	ref := c.path("sid")
	if err := c.err(); err != nil {
		return err
	}
	if err := c.EndSession(c.ctx(), oauth.SessionRef(ref)); err != nil {
		return err
	}
	return c.done()
}
