package secret

import (
	"strconv"

	"golang.org/x/crypto/bcrypt"
)

// The least that a hash of another server costs to guess at, or it is not taken over: whoever reads the store
// of the other server, or ours, must not be able to try millions of secrets a second.
const (
	leastIterations = 10_000 // of PBKDF2 with SHA-256 (NIST SP 800-63B section 5.1.1.2)
	leastBcrypt     = 10     // the work factor (OWASP password storage advice)
	leastMemory     = 7168   // KiB of argon2id, with five passes (OWASP, likewise)
	leastWork       = 35_840 // KiB times passes
)

// TooCheap reports whether a hash that was made elsewhere is cheaper to guess at than those that are taken
// over. One that costs what Hash makes here is not.
func (h *Hasher) TooCheap(hash string) bool {
	switch KindOfHash(hash) {
	case KindBcrypt:
		factor, err := bcrypt.Cost([]byte(hash))
		return err != nil || factor < leastBcrypt
	case KindPBKDF2:
		parsed, err := parsePBKDF2(hash)
		return err != nil || parsed.iterations < leastIterations
	case KindArgon2id:
		parsed, err := parseHash(hash)
		return err != nil || parsed.cost != h.cost && (parsed.memory < leastMemory || uint64(parsed.memory)*uint64(parsed.time) < leastWork)
	}
	return true
}

// CostOf names what one check of a hash costs: two hashes with one name take the same time. It is "" for a
// hash that is not read here.
func CostOf(hash string) string {
	switch kind := KindOfHash(hash); kind {
	case KindBcrypt:
		factor, _ := bcrypt.Cost([]byte(hash))
		return string(kind) + " " + strconv.Itoa(factor)
	case KindPBKDF2:
		parsed, _ := parsePBKDF2(hash)
		return string(kind) + " " + strconv.Itoa(parsed.iterations) + " " + strconv.Itoa(len(parsed.digest))
	case KindArgon2id:
		parsed, _ := parseHash(hash)
		return string(kind) + " " + strconv.Itoa(int(parsed.memory)) + " " + strconv.Itoa(int(parsed.time)) + " " + strconv.Itoa(int(parsed.threads))
	}
	return ""
}
