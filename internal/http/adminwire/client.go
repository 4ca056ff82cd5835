package adminwire

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// ClientForm is a client in a request. Its JSON has the properties of clientmeta that are not empty, and the id and
// secret when they are set; the server fills in the defaults.
type ClientForm struct {
	oauth.Client
	Secret     secret.Text // chosen by the caller
	SecretHash secret.Text // of a secret that another server stored
}

// MarshalJSON implements json.Marshaler.
func (f ClientForm) MarshalJSON() ([]byte, error) {
	var all clientmeta.Object
	if f.ID != "" {
		all.Add("client_id", f.ID)
	}
	if f.Secret != "" {
		all.Add("client_secret", f.Secret)
	}
	if f.SecretHash != "" {
		all.Add("client_secret_hash", f.SecretHash)
	}
	all.AddForm(&f.Client)
	return all.MarshalJSON()
}

// LogValue hides the secret from slog.
func (f ClientForm) LogValue() slog.Value { return slog.StringValue("client " + string(f.ID)) }

// Client is a registered client in an answer. Secret is set only when this call generated it.
type Client struct {
	oauth.Client
	Secret secret.Text
}

// MarshalJSON implements json.Marshaler.
func (c Client) MarshalJSON() ([]byte, error) {
	var all clientmeta.Object
	all.Add("client_id", c.ID)
	if c.Secret != "" {
		all.Add("client_secret", c.Secret)
	}
	all.AddClient(&c.Client)
	if !c.NotBefore.IsZero() {
		all.Add("not_before", shownTime(c.NotBefore))
	}
	all.Add("created_at", shownTime(c.Created))
	all.Add("updated_at", shownTime(c.Updated))
	all.Add("revision", c.Revision)
	return all.MarshalJSON()
}

// LogValue hides the secret from slog.
func (c Client) LogValue() slog.Value { return slog.StringValue("client " + string(c.ID)) }

// UnmarshalJSON implements json.Unmarshaler.
func (c *Client) UnmarshalJSON(raw []byte) error {
	var other struct {
		ID        oauth.ClientID `json:"client_id"`
		Secret    secret.Text    `json:"client_secret"`
		NotBefore Time           `json:"not_before"`
		Created   Time           `json:"created_at"`
		Updated   Time           `json:"updated_at"`
		Revision  uint64         `json:"revision"`
	}
	if err := json.Unmarshal(raw, &other); err != nil {
		return err
	}
	*c = Client{
		Secret: other.Secret,
		Client: oauth.Client{
			ID: other.ID, NotBefore: other.NotBefore, Created: other.Created, Updated: other.Updated, Revision: other.Revision,
		},
	}
	return clientmeta.Decode(&c.Client, raw)
}

// shownTime returns a time in UTC, cut to a millisecond.
func shownTime(t time.Time) Time { return t.UTC().Truncate(time.Millisecond) }

// Secret describes a client secret. Value is the secret itself, only in the answer of the call that generated it.
type Secret struct {
	ID      string      `json:"secret_id"`
	Value   secret.Text `json:"client_secret,omitempty"`
	Scheme  string      `json:"scheme"`
	Created Time        `json:"created_at"`
	Expires Time        `json:"expires_at,omitzero"`
}

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("secret " + s.ID) }

// SecretCreate sets the remaining life of the old secrets and the life of the new one, in seconds. A nil Overlap means
// a day, an ExpiresIn of 0 means for ever.
type SecretCreate struct {
	Overlap   *int64 `json:"overlap,omitempty" min:"0" max:"7776000" unit:"seconds"`
	ExpiresIn int64  `json:"expires_in,omitempty" min:"1" max:"157680000" unit:"seconds"`
}

// RevokeBefore is the time before which tokens are revoked; zero means now.
type RevokeBefore struct {
	Before Time `json:"before,omitzero"`
}
