package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// JWK is a public key as it is published (RFC 7517). It has no member that could hold a private or
// shared key, so none can ever be published.
type JWK struct {
	Type      string    `json:"kty"`
	Use       string    `json:"use,omitempty"`
	ID        string    `json:"kid,omitempty"`
	Algorithm Algorithm `json:"alg,omitempty"`
	Curve     string    `json:"crv,omitempty"`
	X         string    `json:"x,omitempty"`
	Y         string    `json:"y,omitempty"`
	N         string    `json:"n,omitempty"`
	E         string    `json:"e,omitempty"`
}

// Set is a JWK set (RFC 7517 §5).
type Set struct {
	Keys []JWK `json:"keys"`
}

// JWK returns the published form of a signing key.
func (p Public) JWK() (JWK, error) {
	jwk, err := members(p.Key)
	if err != nil {
		return JWK{}, err
	}
	jwk.Use, jwk.ID, jwk.Algorithm = "sig", p.ID, p.Algorithm
	return jwk, nil
}

// members returns the members that make the key, which are also those of its thumbprint.
func members(key crypto.PublicKey) (JWK, error) {
	text := base64.RawURLEncoding.EncodeToString
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4 | X | Y, both padded to the size of the field
		if err != nil {
			return JWK{}, err
		}
		half := 1 + (len(point)-1)/2
		return JWK{Type: "EC", Curve: key.Curve.Params().Name, X: text(point[1:half]), Y: text(point[half:])}, nil
	case *rsa.PublicKey:
		return JWK{Type: "RSA", N: text(key.N.Bytes()), E: text(big.NewInt(int64(key.E)).Bytes())}, nil
	case ed25519.PublicKey:
		return JWK{Type: "OKP", Curve: "Ed25519", X: text(key)}, nil
	}
	return JWK{}, fmt.Errorf("a %T has no JWK", key)
}

// Thumbprint is the SHA-256 thumbprint of a public key in base64url (RFC 7638).
func Thumbprint(key crypto.PublicKey) (string, error) {
	jwk, err := members(key)
	if err != nil {
		return "", err
	}
	required := map[string]string{"kty": jwk.Type} // a map is written in the order of its names, as §3 wants
	for name, value := range map[string]string{"crv": jwk.Curve, "x": jwk.X, "y": jwk.Y, "n": jwk.N, "e": jwk.E} {
		if value != "" {
			required[name] = value
		}
	}
	text, err := json.Marshal(required)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
