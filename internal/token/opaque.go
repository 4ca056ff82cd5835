package token

import (
	"encoding/base64"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// EntropyBytes is the length of the part of a token that cannot be guessed: 160 bits (RFC 6749 §10.10).
const EntropyBytes = 20

// Entropy is the unguessable part of an access token. Of a refreshed token it is derived from the
// refresh, so that a retry of the same refresh is answered with the same token.
type Entropy [EntropyBytes]byte

var text64 = base64.RawURLEncoding

const entropyLength = 27 // characters of base64url

// An opaque token is its entropy followed by its references: the reference of its grant, when a
// user stands behind it, and the tag of its client. Neither is secret; with them everything that
// decides about the token can be read at once. The entropy stands first because callers cache by
// the first characters of a token.
func opaque(e Entropy, grant oauth.GrantRef, client oauth.ClientID) oauth.Token {
	var random [entropyLength]byte
	text64.Encode(random[:], e[:])
	return oauth.Token(string(random[:]) + string(grant) + string(store.TagOf(client)))
}

func parseOpaque(t oauth.Token, issuer string) (store.Query, bool) {
	text := string(t)
	const bare, full = entropyLength + store.ClientTagLength, entropyLength + oauth.KeyLength + store.ClientTagLength
	if len(text) != bare && len(text) != full || !isText64(text) {
		return store.Query{}, false
	}
	return store.Query{
		Digest: t.DigestAt(issuer),
		Format: oauth.FormatOpaque,
		Grant:  oauth.GrantRef(text[entropyLength : len(text)-store.ClientTagLength]),
		Client: store.ClientTag(text[len(text)-store.ClientTagLength:]),
	}, true
}

func isText64(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// jti names a JWT by its entropy without giving the entropy away.
func (e Entropy) jti() string { return oauth.DigestOf("jti " + string(e[:])).Key() }
