package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrHash means that a stored hash has an unknown form, or a cost outside the bounds.
var ErrHash = errors.New("the stored hash has an unknown form, or a cost outside the allowed bounds")

const (
	saltSize   = 16
	digestSize = 32
)

// Bounds on the cost of a stored hash: an imported hash must not make one sign-in use a gigabyte.
const (
	maxMemory  = 256 * 1024 // KiB
	maxTime    = 10
	maxThreads = 16
	minSalt    = 8
	minDigest  = 16
	maxDigest  = 64 // bytes, of salt and digest each
	maxPHC     = 256
)

type cost struct {
	memory, time uint32
	threads      uint8
}

// hashed is a parsed PHC string.
type hashed struct {
	cost
	salt, digest []byte
}

const phcForm = "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s"

// String returns the PHC form.
func (h hashed) String() string {
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(phcForm, h.memory, h.time, h.threads, text(h.salt), text(h.digest))
}

func parseHash(phc string) (hashed, error) {
	parts := strings.Split(phc, "$")
	if len(phc) > maxPHC || len(parts) != 6 {
		return hashed{}, ErrHash
	}
	var h hashed
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return hashed{}, ErrHash
	}
	var errSalt, errDigest error
	h.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.digest, errDigest = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	// Refuse a second spelling of the same hash: encoded again it must equal the input.
	if errSalt != nil || errDigest != nil || !h.bounded() || h.String() != phc {
		return hashed{}, ErrHash
	}
	return h, nil
}

func (h hashed) bounded() bool {
	return h.memory >= 8*uint32(h.threads) && h.memory <= maxMemory &&
		h.time >= 1 && h.time <= maxTime &&
		h.threads >= 1 && h.threads <= maxThreads &&
		len(h.salt) >= minSalt && len(h.salt) <= maxDigest &&
		len(h.digest) >= minDigest && len(h.digest) <= maxDigest
}
