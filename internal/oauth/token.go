package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
)

// Token is a bearer secret in the clear: a code, a refresh token or an access token. It does not
// print; call Reveal at the one place where it is sent to its owner.
type Token string

// MaxTokenBytes is the length of the longest token that is issued, and of the longest that is looked
// at. It is one number, so that no token exists that cannot be introspected or revoked. Many proxies
// allow 8 KiB for all headers of a request, so a useful token is shorter.
const MaxTokenBytes = 8 << 10

const hidden = "token(…)"

// String hides the secret from fmt.
func (Token) String() string { return hidden }

// GoString hides the secret from %#v.
func (Token) GoString() string { return hidden }

// LogValue hides the secret from slog.
func (Token) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from encoders; an answer is built from Reveal.
func (Token) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Reveal returns the secret itself, to be sent to its owner and nowhere else.
func (t Token) Reveal() string { return string(t) }

// Digest returns the form of a token that may be stored.
func (t Token) Digest() Digest { return DigestOf(string(t)) }

// DigestAt returns the name of a token in the store of an issuer: at another issuer the same token is
// unknown.
func (t Token) DigestAt(issuer string) Digest {
	var room [digestRoom]byte
	text := append(strconv.AppendInt(room[:0], int64(len(issuer)), 10), ':')
	return sha256.Sum256(append(append(text, issuer...), t...))
}

// Digest is a SHA-256 of something secret or of unbounded length. It may be stored and shown.
type Digest [sha256.Size]byte

// DigestOf hashes text.
func DigestOf(text string) Digest {
	var room [digestRoom]byte
	return sha256.Sum256(append(room[:0], text...))
}

// digestRoom is enough for most texts that are hashed, in bytes. Longer ones are copied to the heap.
const digestRoom = 256

// Key is the digest as a part of a key name: 26 characters of base64url, 156 bits. With the
// prefix auth:access_token: it still fits the 48-byte allocation class of Redis.
func (d Digest) Key() string {
	var text [KeyLength + 1]byte // 20 bytes make 27 characters
	base64.RawURLEncoding.Encode(text[:], d[:20])
	return string(text[:KeyLength])
}

// KeyLength is the length of Digest.Key in characters.
const KeyLength = 26

// Browser holds the values of the cookies by which a browser is recognised. There is more than one
// value when several of its tabs made their first request at the same time.
type Browser []Token

// Binding returns the digest to which something new of this browser is bound; "" without a value.
func (b Browser) Binding() string {
	if len(b) == 0 {
		return ""
	}
	return b[0].Digest().Key()
}

// Owns reports whether something is bound to this browser.
func (b Browser) Owns(binding string) bool {
	return binding != "" && slices.ContainsFunc(b, func(value Token) bool {
		return subtle.ConstantTimeCompare([]byte(value.Digest().Key()), []byte(binding)) == 1
	})
}
