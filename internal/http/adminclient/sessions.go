package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// given returns the pairs as a query, without empty values.
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

// Sessions iterates over the sessions that match a filter; the zero filter matches every session.
func (c *Client) Sessions(ctx context.Context, f adminwire.SessionFilter) iter.Seq2[adminwire.Session, error] {
	return all[adminwire.Session](ctx, c, "/sessions", given("user_id", f.User, "client_id", f.Client,
		"started_before", text(f.StartedBefore), "seen_before", text(f.SeenBefore)))
}

// EndSession ends a browser session and the grants given in it.
func (c *Client) EndSession(ctx context.Context, sid string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("sessions", sid)}, nil)
	return err
}

// EndSessions makes one step of ending sessions: call it again with the answer's Next as Cursor until that is empty.
func (c *Client) EndSessions(ctx context.Context, step adminwire.SessionsEnd) (adminwire.SessionsEnded, error) {
	return fetch[adminwire.SessionsEnded](ctx, c, call{method: http.MethodPost, path: "/sessions/end", body: step})
}

// EndAllSessions ends every session that matches, in steps, and returns their number. progress, unless it is nil, is
// called after each step with the number ended and an estimate of the sessions still to be read.
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

// Grants iterates over the live grants of a user, or of those to one client. Grants to one client are adjacent, the
// newest first.
func (c *Client) Grants(ctx context.Context, user, client string) iter.Seq2[adminwire.Grant, error] {
	return all[adminwire.Grant](ctx, c, "/grants", given("user_id", user, "client_id", client))
}

// Grant returns a grant.
func (c *Client) Grant(ctx context.Context, ref string) (adminwire.Grant, error) {
	return fetch[adminwire.Grant](ctx, c, call{method: http.MethodGet, path: at("grants", ref)})
}

// RevokeGrant revokes a grant and withdraws its consent.
func (c *Client) RevokeGrant(ctx context.Context, ref string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("grants", ref)}, nil)
	return err
}
