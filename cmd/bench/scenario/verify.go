package scenario

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// keySet are the public keys of a server, by kid.
type keySet map[string]any

// jwk is a public key (RFC 7517 §4).
type jwk struct {
	ID    string `json:"kid"`
	Type  string `json:"kty"`
	X     string `json:"x"`
	Y     string `json:"y"`
	N     string `json:"n"`
	E     string `json:"e"`
	Curve string `json:"crv"`
}

// readKeys reads a JWK set. It is written here, apart from the server's own code, so that the two cannot share a fault.
func readKeys(raw []byte) (keySet, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	keys := keySet{}
	for _, k := range set.Keys {
		key, err := k.public()
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		keys[k.ID] = key
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the JWK set is empty")
	}
	return keys, nil
}

func (k jwk) public() (any, error) {
	var parts [4][]byte
	for i, text := range []string{k.X, k.Y, k.N, k.E} {
		var err error
		if parts[i], err = base64.RawURLEncoding.DecodeString(text); err != nil {
			return nil, err
		}
	}
	x, y, n, e := parts[0], parts[1], parts[2], parts[3]
	switch k.Type {
	case "EC":
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case "OKP":
		return ed25519.PublicKey(x), nil
	case "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	}
	return nil, fmt.Errorf("unknown type %q", k.Type)
}

// verify checks the signature, the issuer and the algorithm of a JWT.
func (s keySet) verify(token, algorithm, issuer string) error {
	_, err := jwt.Parse(token, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		key, found := s[id]
		if !found {
			return nil, fmt.Errorf("the JWK set does not contain %q", id)
		}
		return key, nil
	}, jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired())
	return err
}
