package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// Random returns n bytes from the system's generator. It never fails: the runtime ends the process rather than return
// weak bytes.
func Random(n int) []byte {
	raw := make([]byte, n)
	rand.Read(raw)
	return raw
}

// NewToken returns a random text with n bytes of entropy, in base64url without padding: form encoding does not change
// it.
func NewToken(n int) string { return base64.RawURLEncoding.EncodeToString(Random(n)) }
