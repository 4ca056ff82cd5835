package registry

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Examine returns the refusal of Register or RegisterHashed for a new client, and changes nothing. At most one of
// chosen and hash is set. Another caller may take the id before the client is registered.
func (r *Registry) Examine(ctx context.Context, c oauth.Client, chosen, hash string) (oauth.Client, error) {
	c, err := r.newClient(c)
	if err != nil {
		return oauth.Client{}, err
	}
	switch {
	case !r.hasSecret(c) && (chosen != "" || hash != ""):
		return oauth.Client{}, noSecret(c)
	case hash != "":
		if _, err := r.schemeOf(hash); err != nil {
			return oauth.Client{}, err
		}
	case chosen != "":
		if err := checkChosen(chosen); err != nil {
			return oauth.Client{}, err
		}
		if len(chosen) > oauth.MaxPassword {
			return oauth.Client{}, refuse("client_secret", "the client_secret is longer than 1024 bytes")
		}
	}
	switch _, err := r.o.Store.Get(ctx, c.ID); {
	case err == nil:
		return oauth.Client{}, taken(store.Conflict)
	case !errors.Is(err, store.Absent):
		return oauth.Client{}, err
	}
	return c, nil
}

// ExamineChange returns the refusal of Change, and changes nothing.
func (r *Registry) ExamineChange(ctx context.Context, id oauth.ClientID, edit func(*oauth.Client) error) (oauth.Client, error) {
	before, changed, err := r.edited(ctx, id, edit)
	if err != nil {
		return oauth.Client{}, err
	}
	return changed, r.checkChange(changed, before)
}

// edited returns a client of the store before and after edit, which is not stored.
func (r *Registry) edited(ctx context.Context, id oauth.ClientID, edit func(*oauth.Client) error) (before, changed oauth.Client, err error) {
	if before, err = r.o.Store.Get(ctx, id); err != nil {
		return oauth.Client{}, oauth.Client{}, err
	}
	changed = before
	if err := edit(&changed); err != nil {
		return oauth.Client{}, oauth.Client{}, err
	}
	return before, changed, nil
}

// taken is the refusal of an id that another client has.
func taken(cause error) error {
	return oauth.Refuse(oauth.InvalidClientMetadata, "the client_id is taken", cause).At("client_id")
}

// schemeOf returns the scheme of a hash that another server made; a refusal when it cannot be verified here.
func (r *Registry) schemeOf(hash string) (oauth.SecretScheme, error) {
	kind := secret.KindOfHash(hash)
	if kind != "" && r.o.Hasher.TooCheap(hash) {
		return "", refuse("client_secret_hash", "client_secret_hash is too weak: bcrypt needs a work factor of 10, pbkdf2-sha256 10000 iterations, argon2id 7168 KiB and 5 passes or as much; give the client a new secret")
	}
	switch kind {
	case secret.KindArgon2id:
		return oauth.SchemeArgon2id, nil
	case secret.KindBcrypt:
		return oauth.SchemeBcrypt, nil
	case secret.KindPBKDF2:
		return oauth.SchemePBKDF2, nil
	default:
		return "", refuse("client_secret_hash", "client_secret_hash is not an argon2id PHC string or a bcrypt or pbkdf2-sha256 hash, or its cost is outside the allowed range")
	}
}

// checkChosen refuses a secret that is too short, or that a person could not type again.
func checkChosen(chosen string) error {
	if !utf8.ValidString(chosen) || utf8.RuneCountInString(chosen) < minChosen ||
		strings.ContainsFunc(chosen, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return refuse("client_secret", "a chosen client_secret has at least 8 characters and no control characters")
	}
	return nil
}
