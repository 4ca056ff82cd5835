package secret

// HashKind is the scheme of a stored hash.
type HashKind string

// The kinds of hash that Verify reads.
const (
	KindArgon2id HashKind = "argon2id"
	KindBcrypt   HashKind = "bcrypt"
	KindPBKDF2   HashKind = "pbkdf2-sha256"
)

// KindOfHash returns the kind of a stored hash. It returns "" for a hash that Verify would not accept: of another form,
// or with a cost beyond the bounds of one check.
func KindOfHash(hash string) HashKind {
	switch {
	case isBcrypt(hash):
		if boundedBcrypt(hash) {
			return KindBcrypt
		}
	case isPBKDF2(hash):
		if _, err := parsePBKDF2(hash); err == nil {
			return KindPBKDF2
		}
	default:
		if _, err := parseHash(hash); err == nil {
			return KindArgon2id
		}
	}
	return ""
}
