package adminwire

import (
	"log/slog"

	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// UserCreate is a new user.
type UserCreate struct {
	Username      string      `json:"username"`
	Password      secret.Text `json:"password"`
	MustChange    bool        `json:"must_change_password,omitempty"`
	Email         string      `json:"email,omitempty"`
	EmailVerified bool        `json:"email_verified,omitempty"`
	DisplayName   string      `json:"display_name,omitempty"`
}

// LogValue hides the password from slog.
func (u UserCreate) LogValue() slog.Value { return slog.StringValue("user " + u.Username) }

// UserMetadata are the properties of a user that can be changed.
type UserMetadata struct {
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified" null:"no"`
	DisplayName   string `json:"display_name,omitempty"`
	Disabled      bool   `json:"disabled" null:"no"`
	MustChange    bool   `json:"must_change_password" null:"no"`
}

// User is a person of the built-in directory.
type User struct {
	ID       string `json:"user_id"`
	Username string `json:"username"`
	UserMetadata
	LockedUntil Time   `json:"locked_until,omitzero"`
	Created     Time   `json:"created_at"`
	Updated     Time   `json:"updated_at"`
	Revision    uint64 `json:"revision"`
}

// PasswordSet is a new password.
type PasswordSet struct {
	Password   secret.Text `json:"password"`
	MustChange bool        `json:"must_change_password,omitempty"`
}

// LogValue hides the password from slog.
func (p PasswordSet) LogValue() slog.Value { return slog.StringValue("a new password") }

// Session is a browser in which somebody is signed in.
type Session struct {
	Ref      string   `json:"sid"`
	User     string   `json:"user_id"`
	Username string   `json:"username"`
	AuthTime Time     `json:"auth_time"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr"`
	Device   string   `json:"device,omitempty"`
	IP       string   `json:"ip,omitempty"`
	Started  Time     `json:"started_at"`
	Seen     Time     `json:"seen_at"`
	Expires  Time     `json:"expires_at"`
}

// SessionFilter selects the sessions that match every member that is set.
type SessionFilter struct {
	User          string `json:"user_id,omitempty"`
	Client        string `json:"client_id,omitempty"`
	StartedBefore Time   `json:"started_before,omitzero"`
	SeenBefore    Time   `json:"seen_before,omitzero"`
}

// SessionsEnd is one step of ending sessions.
type SessionsEnd struct {
	Filter SessionFilter `json:"filter"`
	Limit  int64         `json:"limit,omitempty" min:"1" max:"500"`
	Cursor string        `json:"cursor,omitempty"`
}

// SessionsEnded is the result of a step.
type SessionsEnded struct {
	Ended     int    `json:"ended"`
	Remaining int    `json:"remaining"`
	Next      string `json:"next,omitempty"`
}

// Grant is a permission that a user gave a client.
type Grant struct {
	Ref       string   `json:"grant"`
	GrantType string   `json:"grant_type"`
	Client    string   `json:"client_id"`
	User      string   `json:"user_id"`
	Username  string   `json:"username"`
	Session   string   `json:"sid,omitempty"`
	Scope     string   `json:"scope"`
	Audience  []string `json:"audience"`
	Serial    uint32   `json:"serial"`
	Created   Time     `json:"created_at"`
	Used      Time     `json:"used_at,omitzero"`
	Expires   Time     `json:"expires_at"`
	Ends      Time     `json:"ends_at"`
	AuthTime  Time     `json:"auth_time"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr"`
}

// RevokeOfUser selects the grants of a user to revoke; an empty Client means all.
type RevokeOfUser struct {
	Client string `json:"client_id,omitempty"`
}

// Revoked is the number of revoked tokens or grants.
type Revoked struct {
	Revoked int `json:"revoked"`
}
