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

// Register checks and stores a new client. Empty properties get their defaults, an empty id a generated one.
// A confidential client gets the chosen secret, or a generated one when chosen is empty; it is returned this
// once and stored only as a hash. A refusal names the wrong property (RFC 7591 §3.2.2). Of two concurrent
// callers with one id, one is refused with the cause store.Conflict.
func (r *Registry) Register(ctx context.Context, c oauth.Client, chosen string) (oauth.Client, oauth.Token, error) {
	c, err := r.newClient(c)
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

// RegisterHashed is Register for a confidential client of another server that stored an argon2id (PHC), bcrypt
// or PBKDF2 hash of its secret.
func (r *Registry) RegisterHashed(ctx context.Context, c oauth.Client, hash string) (oauth.Client, error) {
	c, err := r.newClient(c)
	if err != nil {
		return oauth.Client{}, err
	}
	if !r.hasSecret(c) {
		return oauth.Client{}, noSecret(c)
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

// newClient returns a checked client without secrets.
func (r *Registry) newClient(c oauth.Client) (oauth.Client, error) {
	now := r.o.Now()
	c = withDefaults(c)
	c.Secrets, c.Revision, c.Created, c.Updated = nil, 0, now, now
	// An earlier client may have had this id: do not accept what was granted to it.
	c.NotBefore = now.Truncate(time.Millisecond) // the precision of a grant's time
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
	case !r.hasSecret(*c) && chosen != "":
		return "", noSecret(*c)
	case !r.hasSecret(*c):
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

// WellFormed reports whether an id could be registered. Its characters need no encoding anywhere: some callers
// form-encode an id for the Basic scheme and some do not, and both must send the same.
func WellFormed(id oauth.ClientID) bool {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= maxClientID
}

// uuidLike reports whether a parser could read an id as a UUID. User ids are UUIDs, and a client id must not be
// mistaken for one (RFC 9700 §4.15).
func uuidLike(id oauth.ClientID) bool {
	digits := strings.ReplaceAll(string(id), "-", "")
	raw, err := hex.DecodeString(digits)
	return err == nil && len(raw) == 16
}

func checkID(id oauth.ClientID) error {
	if !WellFormed(id) {
		return refuse("client_id", "client_id has 1 to 64 characters of A-Z a-z 0-9 - _")
	}
	if uuidLike(id) {
		return refuse("client_id", "client_id must not be a UUID: users have those")
	}
	return nil
}

// refuse returns a refusal of one property; "" when it concerns several.
func refuse(property, why string) error {
	return oauth.Refuse(oauth.InvalidClientMetadata, why, nil).At(property)
}
