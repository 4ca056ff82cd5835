package ceiling

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signer signs access tokens with one algorithm.
type signer struct {
	method jwt.SigningMethod
	key    crypto.Signer
}

// Algorithms are the algorithms of ceiling j.
func Algorithms() []string { return []string{"ES256", "EdDSA", "RS256"} }

func newSigner(algorithm string) (signer, error) {
	s := signer{method: jwt.GetSigningMethod(algorithm)}
	var err error
	switch algorithm {
	case "ES256":
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, s.key, err = ed25519.GenerateKey(rand.Reader)
	default:
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	return s, err
}

// claims are the nine claims of an access token (RFC 9068 §2.2).
type claims struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
}

func (s signer) sign(now time.Time) (string, error) {
	token := jwt.NewWithClaims(s.method, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: "https://login.test", Subject: ClientID, Audience: jwt.ClaimStrings{"https://login.test"}, ID: newToken(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime * time.Second)),
		},
		ClientID: ClientID, Scope: "read",
	})
	token.Header["typ"], token.Header["kid"] = "at+jwt", "bench-key-of-one-ceiling"
	return token.SignedString(s.key)
}
