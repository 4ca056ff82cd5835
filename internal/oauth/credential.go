package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Kind distinguishes the credentials of a grant.
type Kind byte

// The kinds of credential.
const (
	KindCode    Kind = 1
	KindRefresh Kind = 2
)

// KeyID names the server key that sealed a credential.
type KeyID [4]byte

// MACKey is a symmetric key of the server. It is safe for concurrent use.
type MACKey interface {
	// Sum returns the HMAC-SHA256 of a text.
	Sum(text []byte) [sha256.Size]byte
}

// Credential is a numbered credential of a grant, before or after its seal was checked.
type Credential struct {
	Kind   Kind
	Key    KeyID
	Grant  GrantID
	Serial uint32    // of a refresh token; a code is always serial 0
	Code   CodeFacts // of a code
}

// CodeFacts holds the facts of a code about its authorization request. They are in the code and nowhere
// else, so that the presenter of a code can be checked at any time, also when the code is spent, and
// before anybody is asked.
type CodeFacts struct {
	ends      uint32
	challenge [20]byte
	redirect  [10]byte
}

// CodeOf describes a code that ends at a time, for a PKCE challenge and the redirect URI that it is
// sent to.
func CodeOf(ends time.Time, challenge, redirectURI string) CodeFacts {
	c := CodeFacts{ends: uint32(ends.Unix())} //nolint:gosec // good until 2106
	challengeDigest, redirectDigest := DigestOf("challenge "+challenge), DigestOf("redirect "+redirectURI)
	copy(c.challenge[:], challengeDigest[:])
	copy(c.redirect[:], redirectDigest[:])
	return c
}

// ProvenBy reports whether a verifier is the preimage of the code's challenge. The comparison takes
// the same time whatever differs.
func (c CodeFacts) ProvenBy(verifier string) bool {
	shown := CodeOf(time.Time{}, ChallengeOf(verifier), "")
	return ValidVerifier(verifier) && subtle.ConstantTimeCompare(shown.challenge[:], c.challenge[:]) == 1
}

// SentTo reports whether the code was sent to a redirect URI.
func (c CodeFacts) SentTo(redirectURI string) bool {
	return CodeOf(time.Time{}, "", redirectURI).redirect == c.redirect
}

// EndedAt reports whether the life of the code was over at a time. The store decides whether a code
// is still good; this explains why it is not there any more.
func (c CodeFacts) EndedAt(now time.Time) bool { return now.Unix() >= int64(c.ends) }

const (
	refreshBody    = 1 + 4 + len(GrantID{}) + 4
	codeBody       = refreshBody + 20 + 10
	credentialSeal = 21 // bytes of HMAC-SHA256: a guess succeeds with 2^-168 (RFC 6749 §10.10)
	// RefreshLength is the length of every refresh token in characters.
	RefreshLength = (refreshBody + credentialSeal) / 3 * 4
	// CodeLength is the length of every code in characters.
	CodeLength = (codeBody + credentialSeal) / 3 * 4
)

// length is the number of characters of every credential of a kind.
func (k Kind) length() int {
	if k == KindCode {
		return CodeLength
	}
	return RefreshLength
}

// Seal makes the bearer secret: base64url(kind | key id | grant id | serial | HMAC(key, all before)).
// A code has the time of its end in place of the serial, and the digests of its challenge and its
// redirect URI behind it.
func (c Credential) Seal(key MACKey) Token {
	raw := c.body()
	seal := sealOf(key, raw)
	raw = append(raw, seal[:]...)
	return Token(base64.RawURLEncoding.EncodeToString(raw))
}

func (c Credential) body() []byte {
	raw := make([]byte, 0, codeBody+credentialSeal)
	raw = append(raw, byte(c.Kind))
	raw = append(raw, c.Key[:]...)
	raw = append(raw, c.Grant[:]...)
	if c.Kind != KindCode {
		return binary.BigEndian.AppendUint32(raw, c.Serial)
	}
	raw = binary.BigEndian.AppendUint32(raw, c.Code.ends)
	raw = append(raw, c.Code.challenge[:]...)
	return append(raw, c.Code.redirect[:]...)
}

func sealOf(key MACKey, body []byte) [credentialSeal]byte {
	const purpose = "oauth2d credential v1"
	var room [len(purpose) + codeBody]byte
	sum := key.Sum(append(append(room[:0], purpose...), body...))
	return [credentialSeal]byte(sum[:credentialSeal])
}

// OpenCredential reads a presented code or refresh token and checks its seal, so that a forged or
// guessed one is refused before anybody is asked. keyOf returns the server key with an id, or nil.
// The answer is false for everything that this server did not issue.
func OpenCredential(t Token, want Kind, keyOf func(KeyID) MACKey) (Credential, bool) {
	if len(t) != want.length() {
		return Credential{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(t))
	if err != nil || Kind(raw[0]) != want {
		return Credential{}, false
	}
	c := Credential{Kind: want}
	copy(c.Key[:], raw[1:5])
	copy(c.Grant[:], raw[5:])
	number, rest := binary.BigEndian.Uint32(raw[refreshBody-4:refreshBody]), raw[refreshBody:len(raw)-credentialSeal]
	if want == KindCode {
		c.Code.ends = number
		copy(c.Code.challenge[:], rest)
		copy(c.Code.redirect[:], rest[len(c.Code.challenge):])
	} else {
		c.Serial = number
	}
	key := keyOf(c.Key)
	body := len(raw) - credentialSeal
	if key == nil {
		return Credential{}, false
	}
	if seal := sealOf(key, raw[:body]); !hmac.Equal(seal[:], raw[body:]) {
		return Credential{}, false
	}
	return c, true
}
