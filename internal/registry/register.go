package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Register checks and stores a new client, whose empty fields get their defaults and whose id is
// made up when it has none. A confidential client gets the chosen secret, or a generated one when
// chosen is empty; the answer is the only time it is seen. A refusal says what is wrong with the
// metadata (RFC 7591 §3.2.2); of two callers with one id one is refused, store.Conflict being the cause.
func (r *Registry) Register(ctx context.Context, c oauth.Client, chosen string) (oauth.Client, oauth.Token, error) {
	c, err := r.fresh(c)
	if err != nil {
		return oauth.Client{}, "", err
	}
	shown, err := r.firstSecret(ctx, &c, chosen)
	if err != nil {
		return oauth.Client{}, "", err
	}
	c, err = r.add(ctx, c)
	if err != nil {
		return oauth.Client{}, "", err
	}
	return c, shown, nil
}

// RegisterHashed is Register for a confidential client that comes from another server with its
// secret, of which only the argon2id (PHC), bcrypt or PBKDF2 hash is known.
func (r *Registry) RegisterHashed(ctx context.Context, c oauth.Client, hash string) (oauth.Client, error) {
	c, err := r.fresh(c)
	if err != nil {
		return oauth.Client{}, err
	}
	if c.Public() {
		return oauth.Client{}, refuse("client_secret", "a public client has no secret")
	}
	scheme, err := r.schemeOf(hash)
	if err != nil {
		return oauth.Client{}, err
	}
	made := oauth.Secret{ID: secretID(), Scheme: scheme, Hash: hash, Created: c.Created}
	c.Secrets = []oauth.Secret{made}
	if c, err = r.add(ctx, c); err == nil {
		r.learnCost(ctx, made)
	}
	return c, err
}

// fresh is a client as it is registered, but for its secrets.
func (r *Registry) fresh(c oauth.Client) (oauth.Client, error) {
	now := r.o.Now()
	c = withDefaults(c)
	c.Secrets, c.Revision, c.Created, c.Updated = nil, 0, now, now
	// The id may have been another client's before: what that one was granted is not inherited.
	c.NotBefore = now.Truncate(time.Millisecond) // as grants keep the time they were born
	if err := r.check(c); err != nil {
		return c, err
	}
	return c, r.checkAdded(c, oauth.Client{})
}

func (r *Registry) add(ctx context.Context, c oauth.Client) (oauth.Client, error) {
	var err error
	c.Revision, err = r.put(ctx, c)
	if errors.Is(err, store.Conflict) {
		return oauth.Client{}, taken(err)
	}
	return c, err
}

func (r *Registry) firstSecret(ctx context.Context, c *oauth.Client, chosen string) (oauth.Token, error) {
	var made oauth.Secret
	shown := oauth.Token(chosen)
	switch {
	case c.Public() && chosen != "":
		return "", refuse("client_secret", "a public client has no secret")
	case c.Public():
		return "", nil
	case chosen == "":
		made, shown = r.generate(c.ID, c.Created)
	default:
		var err error
		if made, err = r.hash(ctx, chosen, c.Created); err != nil {
			return "", err
		}
	}
	c.Secrets = []oauth.Secret{made}
	return shown, nil
}

func withDefaults(c oauth.Client) oauth.Client {
	if c.ID == "" {
		// The prefix keeps the id from starting with a dash and from being a UUID.
		c.ID = oauth.ClientID("c_" + secret.NewToken(15))
	}
	return clientmeta.WithDefaults(c)
}

const maxClientID = 64

// wellFormed tells whether an id could be registered. Client ids need no encoding in any place they
// are written to, so that callers that form-encode them before Basic and those that do not send the
// same.
func wellFormed(id oauth.ClientID) bool {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxClientID
}

// uuidLike tells whether any parser might take an id for a UUID: user ids are UUIDs, and a client id
// must never be taken for one (RFC 9700 §4.15).
func uuidLike(id oauth.ClientID) bool {
	digits := strings.ReplaceAll(string(id), "-", "")
	raw, err := hex.DecodeString(digits)
	return err == nil && len(raw) == 16
}

func checkID(id oauth.ClientID) error {
	if !wellFormed(id) {
		return refuse("client_id", "client_id has 1 to 64 characters of A-Z a-z 0-9 - _")
	}
	if uuidLike(id) {
		return refuse("client_id", "client_id must not be a UUID: users have those")
	}
	return nil
}

// refuse names the property that is wrong; none when it is several.
func refuse(property, why string) error {
	return oauth.Refuse(oauth.InvalidClientMetadata, why, nil).At(property)
}
