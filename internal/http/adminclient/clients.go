package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Patch is a JSON Merge Patch: the members to change; nil resets a member to its default.
type Patch map[string]any

func at(parts ...string) string {
	path := ""
	for _, one := range parts {
		path += "/" + url.PathEscape(one)
	}
	return path
}

// Clients iterates over the clients in the order of their ids.
func (c *Client) Clients(ctx context.Context) iter.Seq2[adminwire.Client, error] {
	return all[adminwire.Client](ctx, c, "/clients", nil)
}

// Client returns a client.
func (c *Client) Client(ctx context.Context, id string) (adminwire.Client, error) {
	return fetch[adminwire.Client](ctx, c, call{method: http.MethodGet, path: at("clients", id)})
}

// CreateClient registers a client. A generated secret is only in the answer; it cannot be read again.
func (c *Client) CreateClient(ctx context.Context, wanted adminwire.ClientForm) (adminwire.Client, error) {
	return fetch[adminwire.Client](ctx, c, call{method: http.MethodPost, path: "/clients", body: wanted})
}

// ExamineClient returns the refusal of CreateClient, and changes nothing.
func (c *Client) ExamineClient(ctx context.Context, wanted adminwire.ClientForm) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: "/clients", query: dryRun(), body: wanted}, nil)
	return err
}

// ExaminePut returns the refusal of PutClient, and changes nothing.
func (c *Client) ExaminePut(ctx context.Context, wanted oauth.Client, only Condition) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: at("clients", string(wanted.ID)), query: dryRun(), body: formOf(wanted), condition: only}, nil)
	return err
}

// formOf returns the body for a client whose id is in the path.
func formOf(c oauth.Client) adminwire.ClientForm {
	c.ID = ""
	return adminwire.ClientForm{Client: c}
}

func dryRun() url.Values { return url.Values{"dry_run": {"true"}} }

// PutClient replaces a client, or registers it; then created is true.
func (c *Client) PutClient(
	ctx context.Context, wanted oauth.Client, only Condition,
) (got adminwire.Client, created bool, err error) {
	status, err := c.do(ctx, call{method: http.MethodPut, path: at("clients", string(wanted.ID)), body: formOf(wanted), condition: only}, &got)
	return got, status == http.StatusCreated, err
}

// PatchClient changes some members of a client.
func (c *Client) PatchClient(ctx context.Context, id string, change Patch, only Condition) (adminwire.Client, error) {
	return fetch[adminwire.Client](ctx, c, call{method: http.MethodPatch, path: at("clients", id), body: change, patch: true, condition: only})
}

// DeleteClient revokes a client's tokens and deletes it.
func (c *Client) DeleteClient(ctx context.Context, id string, only Condition) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("clients", id), condition: only}, nil)
	return err
}

// Secrets lists a client's secrets without their values.
func (c *Client) Secrets(ctx context.Context, id string) ([]adminwire.Secret, error) {
	var got adminwire.Page[adminwire.Secret]
	_, err := c.do(ctx, call{method: http.MethodGet, path: at("clients", id, "secrets")}, &got)
	return got.Items, err
}

// CreateSecret generates a further secret of a client. The secret is only in the answer; it cannot be read again.
func (c *Client) CreateSecret(ctx context.Context, id string, how adminwire.SecretCreate) (adminwire.Secret, error) {
	return fetch[adminwire.Secret](ctx, c, call{method: http.MethodPost, path: at("clients", id, "secrets"), body: how})
}

// DeleteSecret revokes one secret of a client at once.
func (c *Client) DeleteSecret(ctx context.Context, id, secret string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("clients", id, "secrets", secret)}, nil)
	return err
}

// RevokeClientTokens revokes the tokens that a client got before a time; the zero time means now.
func (c *Client) RevokeClientTokens(ctx context.Context, id string, before adminwire.Time) error {
	body := adminwire.RevokeBefore{Before: before}
	_, err := c.do(ctx, call{method: http.MethodPost, path: at("clients", id, "tokens", "revoke"), body: body}, nil)
	return err
}
