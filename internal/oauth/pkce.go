package oauth

import (
	"crypto/sha256"
	"encoding/base64"
)

// MethodS256 is the only code challenge method that is accepted (RFC 9700 §2.1.1).
const MethodS256 = "S256"

// CheckChallenge reports whether a code_challenge has the one form S256 can produce: 43 characters
// of base64url (RFC 7636 §4.2).
func CheckChallenge(challenge string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	return err == nil && len(raw) == sha256.Size
}

// ChallengeOf computes the S256 challenge of a verifier.
func ChallengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ValidVerifier reports whether a code_verifier has the form of RFC 7636 §4.1: 43 to 128 unreserved
// characters.
func ValidVerifier(verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	for i := range len(verifier) {
		c := verifier[i]
		unreserved := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~'
		if !unreserved {
			return false
		}
	}
	return true
}
