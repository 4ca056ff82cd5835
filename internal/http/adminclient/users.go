package adminclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/recipe-web-app/oauth2d/internal/http/adminwire"
)

// Users iterates over the users in the order of their ids.
func (c *Client) Users(ctx context.Context) iter.Seq2[adminwire.User, error] {
	return all[adminwire.User](ctx, c, "/users", nil)
}

// UserNamed finds a user by sign-in name, without regard to case; false when there is none.
func (c *Client) UserNamed(ctx context.Context, name string) (adminwire.User, bool, error) {
	got, err := page[adminwire.User](ctx, c, "/users", url.Values{"username": {name}}, "")
	if err != nil || len(got.Items) == 0 {
		return adminwire.User{}, false, err
	}
	return got.Items[0], true, nil
}

// User returns a user.
func (c *Client) User(ctx context.Context, id string) (adminwire.User, error) {
	return fetch[adminwire.User](ctx, c, call{method: http.MethodGet, path: at("users", id)})
}

// CreateUser adds a user.
func (c *Client) CreateUser(ctx context.Context, wanted adminwire.UserCreate) (adminwire.User, error) {
	return fetch[adminwire.User](ctx, c, call{method: http.MethodPost, path: "/users", body: wanted})
}

// PatchUser changes some members of a user.
func (c *Client) PatchUser(ctx context.Context, id string, change Patch, only Condition) (adminwire.User, error) {
	return fetch[adminwire.User](ctx, c, call{method: http.MethodPatch, path: at("users", id), body: change, patch: true, condition: only})
}

// DeleteUser ends a user's sessions and grants and deletes the user.
func (c *Client) DeleteUser(ctx context.Context, id string, only Condition) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: at("users", id), condition: only}, nil)
	return err
}

// SetPassword sets a user's password and ends the sessions and grants that the old one opened.
func (c *Client) SetPassword(ctx context.Context, id string, to adminwire.PasswordSet) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: at("users", id, "password"), body: to}, nil)
	return err
}

// UnlockUser lifts a lockout.
func (c *Client) UnlockUser(ctx context.Context, id string) error {
	_, err := c.do(ctx, call{method: http.MethodPost, path: at("users", id, "unlock")}, nil)
	return err
}

// RevokeUserTokens revokes a user's grants, or those to one client, and returns their number.
func (c *Client) RevokeUserTokens(ctx context.Context, id, client string) (int, error) {
	var got adminwire.Revoked
	body := adminwire.RevokeOfUser{Client: client}
	_, err := c.do(ctx, call{method: http.MethodPost, path: at("users", id, "tokens", "revoke"), body: body}, &got)
	return got.Revoked, err
}
