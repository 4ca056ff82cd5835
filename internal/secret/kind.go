package secret

// HashKind says who made a stored hash.
type HashKind string

// The kinds of hash that Verify reads.
const (
	KindArgon2id HashKind = "argon2id"
	KindBcrypt   HashKind = "bcrypt"
	KindPBKDF2   HashKind = "pbkdf2-sha256"
)

// KindOfHash tells the kind of a stored hash; "" for one that Verify would not read: of another form,
// or beyond the bounds of what one check may cost.
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
