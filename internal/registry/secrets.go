package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

const (
	maxSecrets       = 10
	minChosen        = 8  // characters of a secret that a person chose
	generatedBytes   = 32 // 256 bits: no slow hash has to make up for a weak choice
	secretIDBytes    = 6
	secretIDPrefix   = "s_"
	digestPurpose    = "client secret"
	hashCachePurpose = "remembered client secret"
)

func secretID() string { return secretIDPrefix + secret.NewToken(secretIDBytes) }

// generate makes a random secret. It is stored as a digest under the pepper: a reader of the store can
// neither guess nor use it, and checking it takes a microsecond.
func (r *Registry) generate(client oauth.ClientID, now time.Time) (oauth.Secret, oauth.Token) {
	shown := secret.NewToken(generatedBytes)
	id, pepper := r.o.Peppers.Pepper()
	hashed := digest(pepper, client, shown)
	return oauth.Secret{
		ID:      secretID(),
		Scheme:  oauth.SchemeDigest,
		Key:     id,
		Hash:    base64.RawURLEncoding.EncodeToString(hashed[:]),
		Created: now,
	}, oauth.Token(shown)
}

func digest(pepper oauth.MACKey, client oauth.ClientID, shown string) [sha256.Size]byte {
	return secret.MAC(pepper, digestPurpose, string(client), shown)
}

// hash returns a secret that a person chose, with a slow hash.
func (r *Registry) hash(ctx context.Context, chosen string, now time.Time) (oauth.Secret, error) {
	if err := checkChosen(chosen); err != nil {
		return oauth.Secret{}, err
	}
	phc, err := r.o.Hasher.Hash(ctx, chosen)
	if errors.Is(err, secret.ErrTooLong) {
		return oauth.Secret{}, refuse("client_secret", "the client_secret is longer than 1024 bytes")
	}
	if err != nil {
		return oauth.Secret{}, oauth.Unavailable(err)
	}
	return oauth.Secret{ID: secretID(), Scheme: oauth.SchemeArgon2id, Hash: phc, Created: now}, nil
}

// AddSecret generates a further secret that expires at expires (zero: never), and returns its stored form
// and the secret. The earlier ones expire after overlap, or at their own time if that is sooner; an overlap
// of 0 revokes them at once.
func (r *Registry) AddSecret(ctx context.Context, id oauth.ClientID, expires time.Time, overlap time.Duration) (oauth.Secret, oauth.Token, error) {
	var made oauth.Secret
	var shown oauth.Token
	_, err := r.Change(ctx, id, func(c *oauth.Client) error {
		if !r.hasSecret(*c) {
			return noSecret(*c)
		}
		now := r.o.Now()
		end := now.Add(overlap)
		c.Secrets = slices.Clone(c.Secrets)
		for i := range c.Secrets {
			if c.Secrets[i].ValidAt(end) {
				c.Secrets[i].Expires = end
			}
		}
		made, shown = r.generate(c.ID, now)
		made.Expires = expires
		c.Secrets = append(c.Secrets, made)
		return nil
	})
	if err != nil {
		return oauth.Secret{}, "", err
	}
	return made, shown, nil
}

// DropSecret revokes one secret at once.
func (r *Registry) DropSecret(ctx context.Context, id oauth.ClientID, which string) error {
	_, err := r.Change(ctx, id, func(c *oauth.Client) error {
		left := slices.DeleteFunc(slices.Clone(c.Secrets), func(s oauth.Secret) bool { return s.ID == which })
		if len(left) == len(c.Secrets) {
			return oauth.Refuse(oauth.NotFound, "the client has no secret with that id", nil)
		}
		c.Secrets = left
		return nil
	})
	return err
}

func stillValid(secrets []oauth.Secret, now time.Time) []oauth.Secret {
	over := func(s oauth.Secret) bool { return !s.ValidAt(now) }
	if !slices.ContainsFunc(secrets, over) {
		return secrets
	}
	return slices.DeleteFunc(slices.Clone(secrets), over)
}

// CheckSecret reports whether shown is one of the client's secrets that are valid now. It compares digests
// first, and computes slow hashes only for secrets that have one; a match is cached in this process for a
// few minutes. An error means "could not check": too many hashes are waiting, or ctx has ended.
func (r *Registry) CheckSecret(ctx context.Context, c oauth.Client, shown string) (bool, error) {
	valid := stillValid(c.Secrets, r.o.Now())
	if r.matchesDigest(c.ID, valid, shown) {
		return true, nil
	}
	for _, s := range valid {
		if s.Scheme != oauth.SchemeArgon2id && s.Scheme != oauth.SchemeBcrypt && s.Scheme != oauth.SchemePBKDF2 {
			continue
		}
		ok, err := r.matchesHash(ctx, c, s, shown)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// HasExpired reports whether shown is a generated secret of the client that has expired. Use it for the
// audit log only: the caller must get the same answer as for a wrong secret.
func (r *Registry) HasExpired(c oauth.Client, shown string) bool {
	now := r.o.Now()
	expired := slices.DeleteFunc(slices.Clone(c.Secrets), func(s oauth.Secret) bool { return s.ValidAt(now) })
	return r.matchesDigest(c.ID, expired, shown)
}

// CheckNothing does the work of CheckSecret for a client that is not registered.
func (r *Registry) CheckNothing(shown string) {
	id, _ := r.o.Peppers.Pepper()
	nobody := oauth.Secret{Scheme: oauth.SchemeDigest, Key: id}
	r.matchesDigest("nobody", []oauth.Secret{nobody}, shown)
}

// matchesDigest compares with every secret, so that its duration does not depend on which one matches.
func (r *Registry) matchesDigest(client oauth.ClientID, secrets []oauth.Secret, shown string) bool {
	found := false
	for _, s := range secrets {
		if s.Scheme != oauth.SchemeDigest {
			continue
		}
		pepper := r.o.Peppers.PepperOf(s.Key)
		known := pepper != nil
		if !known {
			pepper = r.nobody
		}
		want, err := base64.RawURLEncoding.DecodeString(s.Hash)
		if got := digest(pepper, client, shown); secret.Equal(got[:], want) && known && err == nil {
			found = true
		}
	}
	return found
}

// matchesHash computes a slow hash once for all concurrent callers with the same secret: a client with many
// connections sends it on all of them when it starts.
func (r *Registry) matchesHash(ctx context.Context, c oauth.Client, s oauth.Secret, shown string) (bool, error) {
	entry := r.hashCache.entry(c, s, shown)
	if r.hashCache.has(entry) {
		return true, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	// Detach from ctx: the result is shared, and a cancelled request must still count as an attempt.
	shared := context.WithoutCancel(ctx)
	answer, err, _ := r.hashing.Do(string(entry[:]), func() (any, error) {
		start := r.o.Now()
		ok, err := r.o.Hasher.Verify(shared, s.Hash, shown)
		if err == nil {
			r.costs.add(s.Hash, r.o.Now().Sub(start))
		}
		if ok && err == nil {
			r.hashCache.add(entry)
			r.renew(shared, c, s, shown)
		}
		return ok, err
	})
	ok, _ := answer.(bool)
	return ok, err
}
