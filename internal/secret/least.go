package secret

import (
	"strconv"

	"golang.org/x/crypto/bcrypt"
)

// The minimum cost of an imported hash. Cheaper hashes are refused: an attacker who reads the store of the other
// server, or of this one, must not be able to try millions of secrets a second.
const (
	leastIterations = 10_000 // of PBKDF2 with SHA-256 (NIST SP 800-63B section 5.1.1.2)
	leastBcrypt     = 10     // the work factor (OWASP password storage advice)
	leastMemory     = 7168   // KiB of argon2id, with five passes (OWASP, likewise)
	leastWork       = 35_840 // KiB times passes
)

// TooCheap reports whether an imported hash is cheaper than the minimum cost. A hash with at least the cost of Hash is
// never too cheap.
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

// CostOf returns a name for the cost of checking a hash: two hashes with the same name take the same time. It returns
// "" for a hash that Verify does not read.
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
