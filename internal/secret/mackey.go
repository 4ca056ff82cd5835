package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"log/slog"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// MACKey implements oauth.MACKey. It does not print. It keeps hashes that were keyed before, because keying
// one costs more than a short message. It is safe for concurrent use.
type MACKey struct{ keyed sync.Pool }

// keyedHash is a hash that is used by one goroutine at a time.
type keyedHash struct {
	hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

// NewMACKey returns the key with the given bytes.
func NewMACKey(material []byte) oauth.MACKey {
	return &MACKey{keyed: sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(sha256.New, material)} }}}
}

// Sum returns the HMAC-SHA256 of a text.
func (k *MACKey) Sum(text []byte) [sha256.Size]byte {
	h, _ := k.keyed.Get().(*keyedHash) // New returns nothing else
	defer k.keyed.Put(h)
	h.Reset()
	h.text = append(h.text[:0], text...) // a copy, so that the caller's text stays on its stack
	_, _ = h.Write(h.text)               // a hash never fails
	clear(h.text)                        // it may be a secret
	h.Sum(h.sum[:0])
	return h.sum
}

// String hides the key from fmt.
func (*MACKey) String() string { return "MAC key" }

// GoString hides the key from %#v.
func (k *MACKey) GoString() string { return k.String() }

// LogValue hides the key from slog.
func (k *MACKey) LogValue() slog.Value { return slog.StringValue(k.String()) }
