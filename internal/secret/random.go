package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// Random returns n bytes from the system's generator, which never fails: the runtime ends the process
// rather than hand out weak ones.
func Random(n int) []byte {
	raw := make([]byte, n)
	rand.Read(raw)
	return raw
}

// NewToken returns a random text that carries n bytes, in base64url without padding: it is the same
// whether or not a caller form-encodes it.
func NewToken(n int) string { return base64.RawURLEncoding.EncodeToString(Random(n)) }
