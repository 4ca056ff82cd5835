package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// Introspect describes a token.
func (c *Client) Introspect(ctx context.Context, token secret.Text) (adminwire.TokenInfo, error) {
	return fetch[adminwire.TokenInfo](ctx, c, call{method: http.MethodPost, path: "/tokens/introspect", body: adminwire.TokenQuestion{Token: token}})
}

// RevokeToken revokes a token of any client, and reports whether it was active.
func (c *Client) RevokeToken(ctx context.Context, token secret.Text) (bool, error) {
	var got adminwire.Revoked
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/tokens/revoke", body: adminwire.TokenQuestion{Token: token}}, &got)
	return got.Revoked > 0, err
}

// RevokeAll revokes every token, grant and session that is older than a time; the zero time means now. The token of this
// call is included.
func (c *Client) RevokeAll(ctx context.Context, before adminwire.Time) error {
	body := adminwire.RevokeBefore{Before: before}
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/tokens/revoke-all", body: body}, nil)
	return err
}

// Keys lists the server's keys.
func (c *Client) Keys(ctx context.Context) ([]adminwire.Key, error) {
	var got adminwire.Page[adminwire.Key]
	_, err := c.do(ctx, call{method: http.MethodGet, path: "/keys"}, &got)
	return got.Items, err
}

// RotateKeys replaces the keys of one use (sign, mac, pepper) by new ones, and lists all keys.
func (c *Client) RotateKeys(ctx context.Context, use string) ([]adminwire.Key, error) {
	var got adminwire.Page[adminwire.Key]
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/keys/rotate", body: adminwire.KeyRotate{Use: use}}, &got)
	return got.Items, err
}

// DropKey removes a key for good.
func (c *Client) DropKey(ctx context.Context, kid string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("keys", kid)}, nil)
	return err
}

// Audit iterates over the audit log.
func (c *Client) Audit(ctx context.Context, f adminwire.AuditFilter) iter.Seq2[adminwire.AuditEntry, error] {
	query := given("from", text(f.From), "to", text(f.To), "subject", f.Subject, "client_id", f.Client, "request_id", f.Request)
	if f.OldestFirst {
		query.Set("order", "asc")
	}
	if len(f.Events) > 0 {
		query["event"] = f.Events
	}
	return all[adminwire.AuditEntry](ctx, c, "/audit", query)
}

// VerifyAudit checks the whole audit log for tampering, in parts, and returns one report. progress, unless it is nil, is
// called after each part with the number of entries read and an estimate of the rest.
func (c *Client) VerifyAudit(ctx context.Context, progress func(entries, remaining int)) (adminwire.AuditReport, error) {
	whole := adminwire.AuditReport{Sound: true, Faults: []adminwire.AuditFault{}}
	for cursor := ""; ; {
		var got adminwire.AuditReport
		if _, err := c.do(ctx, call{method: http.MethodGet, path: "/audit/verify", query: given("cursor", cursor)}, &got); err != nil {
			return whole, err
		}
		if got.Entries > 0 && whole.Entries == 0 {
			whole.First, whole.From = got.First, got.From
		}
		if got.Entries > 0 {
			whole.Last, whole.To = got.Last, got.To
		}
		whole.Entries, whole.Sound = whole.Entries+got.Entries, whole.Sound && got.Sound
		whole.More += got.More
		whole.Faults = append(whole.Faults, got.Faults...)
		if progress != nil {
			progress(whole.Entries, got.Left)
		}
		if cursor = got.Next; cursor == "" {
			return whole, nil
		}
	}
}

// Stats counts the stored objects.
func (c *Client) Stats(ctx context.Context) (adminwire.Stats, error) {
	return fetch[adminwire.Stats](ctx, c, call{method: http.MethodGet, path: "/stats"})
}

// Profile returns a runtime profile of the server in the format of pprof: cpu, heap, allocs, goroutine, mutex or block.
// The seconds are for cpu, mutex and block; 0 means the server's default.
func (c *Client) Profile(ctx context.Context, kind string, seconds int) ([]byte, error) {
	query := url.Values{}
	if seconds > 0 {
		query.Set("seconds", strconv.Itoa(seconds))
	}
	return fetch[[]byte](ctx, c, call{method: http.MethodGet, path: at("profiles", kind), query: query})
}
