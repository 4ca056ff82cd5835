package secret

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptCost bounds what an imported bcrypt hash may cost: about a second.
const maxBcryptCost = 14

// bcryptBytes is how much of a password bcrypt looks at. What is longer never was told apart by
// those who made the hash, so it is cut here, too.
const bcryptBytes = 72

// HashKind says who made a stored hash.
type HashKind string

// The kinds of hash that Verify reads.
const (
	KindArgon2id HashKind = "argon2id"
	KindBcrypt   HashKind = "bcrypt"
)

// KindOfHash tells the kind of a stored hash; "" for one that Verify would not read: of another form,
// or beyond the bounds of what one check may cost.
func KindOfHash(hash string) HashKind {
	if isBcrypt(hash) {
		if cost, err := bcrypt.Cost([]byte(hash)); err == nil && cost <= maxBcryptCost && len(hash) == 60 {
			return KindBcrypt
		}
		return ""
	}
	if _, err := parseHash(hash); err != nil {
		return ""
	}
	return KindArgon2id
}

func isBcrypt(hash string) bool { return strings.HasPrefix(hash, "$2") }

func (h *Hasher) verifyBcrypt(ctx context.Context, hash, password string) (bool, error) {
	if KindOfHash(hash) != KindBcrypt {
		return false, ErrHash
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.slots }()
	shown := []byte(password)
	err := bcrypt.CompareHashAndPassword([]byte(hash), shown[:min(len(shown), bcryptBytes)])
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	if err != nil {
		return false, ErrHash
	}
	return true, nil
}
