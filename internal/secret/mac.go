package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// MAC returns the HMAC-SHA256 of several parts. The length of each part precedes it, so that two different lists of
// parts are never the same message.
func MAC(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	var room [256]byte // enough for most messages, so that nothing else is allocated
	text := room[:0]
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	h.Write(text)
	return h.Sum(nil)
}

// Equal compares in a time that depends on the lengths only.
func Equal(a, b []byte) bool { return hmac.Equal(a, b) }
