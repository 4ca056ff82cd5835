package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm is a signature algorithm of RFC 7518 or RFC 8037.
type Algorithm string

// The algorithms that are served. None of them has a secret that a verifier shares.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
	EdDSA Algorithm = "EdDSA"
)

// Algorithms lists what is served, the default first.
func Algorithms() []Algorithm { return []Algorithm{ES256, RS256, PS256, EdDSA} }

// minRSABits is the least a served RSA key has (RFC 7518 §3.3).
const minRSABits = 2048

// method returns the signature method, or nil for an algorithm that is not served.
func (a Algorithm) method() jwt.SigningMethod {
	switch a {
	case ES256:
		return jwt.SigningMethodES256
	case RS256:
		return jwt.SigningMethodRS256
	case PS256:
		return jwt.SigningMethodPS256
	case EdDSA:
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// Known reports whether the algorithm is served.
func (a Algorithm) Known() bool { return a.method() != nil }

// Slow reports whether making a key takes so long that nobody should wait for it: an RSA key costs some
// tenths of a second of one processor, every other one less than a millisecond.
func (a Algorithm) Slow() bool { return a == RS256 || a == PS256 }

// Hash makes the hash that goes with the algorithm, as at_hash and c_hash need it (OIDC Core §3.1.3.6):
// the one that its signatures are made with. EdDSA with Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
func (a Algorithm) Hash() hash.Hash {
	switch a {
	case ES256, RS256, PS256:
		return sha256.New()
	case EdDSA:
		return sha512.New()
	}
	return nil
}

// fits returns why a public key may not be used with the algorithm; nil when it may.
func (a Algorithm) fits(key crypto.PublicKey) error {
	ok := false
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		ok = a == ES256 && key.Curve == elliptic.P256()
	case *rsa.PublicKey:
		ok = (a == RS256 || a == PS256) && key.N.BitLen() >= minRSABits
	case ed25519.PublicKey:
		ok = a == EdDSA && len(key) == ed25519.PublicKeySize
	}
	if !ok {
		return fmt.Errorf("a %T may not be used with the algorithm %q", key, string(a))
	}
	return nil
}
