package secret

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// maxIterations bounds what an imported PBKDF2 hash may cost: some tenths of a second.
const maxIterations = 1_000_000

// stretched is a parsed hash of PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2).
type stretched struct {
	iterations   int
	salt, digest []byte
}

const (
	pbkdf2Prefix = "$pbkdf2-sha256$"
	pbkdf2Form   = pbkdf2Prefix + "i=%d,l=%d$%s$%s" // as Ory Hydra writes it
)

func isPBKDF2(hash string) bool { return strings.HasPrefix(hash, pbkdf2Prefix) }

// String returns the form that parsePBKDF2 reads.
func (s stretched) String() string {
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(pbkdf2Form, s.iterations, len(s.digest), text(s.salt), text(s.digest))
}

func parsePBKDF2(hash string) (stretched, error) {
	parts := strings.Split(hash, "$")
	if len(hash) > maxPHC || len(parts) != 5 {
		return stretched{}, ErrHash
	}
	var s stretched
	var size int
	if _, err := fmt.Sscanf(parts[2], "i=%d,l=%d", &s.iterations, &size); err != nil {
		return stretched{}, ErrHash
	}
	var errSalt, errDigest error
	s.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[3])
	s.digest, errDigest = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	// Refuse a second spelling of the same hash, as parseHash does: encoded again it must equal the input.
	if errSalt != nil || errDigest != nil || !s.bounded() || s.String() != hash {
		return stretched{}, ErrHash
	}
	return s, nil
}

func (s stretched) bounded() bool {
	return s.iterations >= 1 && s.iterations <= maxIterations &&
		len(s.salt) >= minSalt && len(s.salt) <= maxDigest &&
		len(s.digest) >= minDigest && len(s.digest) <= maxDigest
}

func (h *Hasher) verifyPBKDF2(ctx context.Context, hash, password string) (bool, error) {
	want, err := parsePBKDF2(hash)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-h.slots }()
	digest, err := pbkdf2.Key(sha256.New, password, want.salt, want.iterations, len(want.digest))
	if err != nil {
		return false, err
	}
	return Equal(digest, want.digest), nil
}
