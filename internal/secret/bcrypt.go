package secret

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptCost bounds what an imported bcrypt hash may cost: about a second.
const maxBcryptCost = 14

// bcryptBytes is the number of bytes of a password that bcrypt uses. The server that made the hash ignored the rest, so
// the rest is cut off here as well.
const bcryptBytes = 72

func isBcrypt(hash string) bool { return strings.HasPrefix(hash, "$2") }

func boundedBcrypt(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost <= maxBcryptCost && len(hash) == 60
}

func (h *Hasher) verifyBcrypt(ctx context.Context, hash, password string) (bool, error) {
	if !boundedBcrypt(hash) {
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
