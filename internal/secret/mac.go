package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MAC returns the HMAC-SHA256 of several parts. The length of each part precedes it, so that two different lists of
// parts are never the same message.
func MAC(key oauth.MACKey, parts ...string) [sha256.Size]byte {
	var room [256]byte // enough for most messages, so that nothing is allocated
	text := room[:0]
	for _, part := range parts {
		text = appendPart(text, part)
	}
	return key.Sum(text)
}

// Derive returns a key for one purpose: what MAC returns under a key that is used for nothing else.
func Derive(key []byte, parts ...string) []byte {
	derived := MAC(NewMACKey(key), parts...)
	return derived[:]
}

func appendPart[T string | []byte](text []byte, part T) []byte {
	return append(binary.BigEndian.AppendUint64(text, uint64(len(part))), part...)
}

// MACer makes many MACs under one key, faster than MAC does. It is for one goroutine.
type MACer struct {
	keyed hash.Hash
	text  []byte
	sum   [sha256.Size]byte
}

// NewMACer returns a MACer for a key.
func NewMACer(key []byte) *MACer { return &MACer{keyed: hmac.New(sha256.New, key)} }

// MAC returns the same as the function MAC. It is valid until the next call.
func (m *MACer) MAC(parts ...[]byte) []byte {
	m.text = m.text[:0]
	for _, part := range parts {
		m.text = appendPart(m.text, part)
	}
	m.keyed.Reset()
	_, _ = m.keyed.Write(m.text) // a hash never fails
	return m.keyed.Sum(m.sum[:0])
}

// Equal compares in a time that depends on the lengths only.
func Equal(a, b []byte) bool { return hmac.Equal(a, b) }
