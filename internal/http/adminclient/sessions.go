package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// given leaves out what is empty.
func given(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Sessions walks through the sessions that fit a filter; the zero filter is all of them.
func (c *Client) Sessions(ctx context.Context, f adminwire.SessionFilter) iter.Seq2[adminwire.Session, error] {
	return all[adminwire.Session](ctx, c, "/sessions", given("user_id", f.User, "client_id", f.Client,
		"started_before", text(f.StartedBefore), "seen_before", text(f.SeenBefore)))
}

// EndSession signs a browser out and ends what was allowed in the session.
func (c *Client) EndSession(ctx context.Context, sid string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("sessions", sid)}, nil)
	return err
}

// EndSessions is one step of ending sessions: call it again with the answer's Next as Cursor until
// that is empty.
func (c *Client) EndSessions(ctx context.Context, step adminwire.SessionsEnd) (adminwire.SessionsEnded, error) {
	return fetch[adminwire.SessionsEnded](ctx, c, call{method: http.MethodPost, path: "/sessions/end", body: step})
}

// EndAllSessions ends every session that fits, step by step, and tells how many. progress, unless it
// is nil, hears after each step how many have ended and about how many are still to be looked at.
func (c *Client) EndAllSessions(ctx context.Context, f adminwire.SessionFilter, progress func(ended, remaining int)) (int, error) {
	ended := 0
	for cursor := ""; ; {
		step, err := c.EndSessions(ctx, adminwire.SessionsEnd{Filter: f, Limit: pageSize, Cursor: cursor})
		if err != nil {
			return ended, err
		}
		ended += step.Ended
		if progress != nil {
			progress(ended, step.Remaining)
		}
		if cursor = step.Next; cursor == "" {
			return ended, nil
		}
	}
}

// Grants walks through the live grants of a user, those to one client together and newest first; with a client only
// those to it.
func (c *Client) Grants(ctx context.Context, user, client string) iter.Seq2[adminwire.Grant, error] {
	return all[adminwire.Grant](ctx, c, "/grants", given("user_id", user, "client_id", client))
}

// Grant reads a grant.
func (c *Client) Grant(ctx context.Context, ref string) (adminwire.Grant, error) {
	return fetch[adminwire.Grant](ctx, c, call{method: http.MethodGet, path: at("grants", ref)})
}

// RevokeGrant ends a grant and forgets the consent behind it.
func (c *Client) RevokeGrant(ctx context.Context, ref string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("grants", ref)}, nil)
	return err
}
