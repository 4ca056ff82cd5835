package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Key is a private signing key. It does not print. It is safe for concurrent use.
type Key struct {
	ID        string // the kid
	Algorithm Algorithm
	Private   crypto.Signer
}

// String hides the key from fmt.
func (k Key) String() string { return "key " + k.ID }

// GoString hides the key from %#v.
func (k Key) GoString() string { return k.String() }

// LogValue hides the key from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON refuses: a private key leaves by Marshal, to be sealed, and in no other way.
func (k Key) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("%s is private and has no JSON form", k)
}

// Public is the half of a key that anybody may know.
type Public struct {
	ID        string
	Algorithm Algorithm
	Key       crypto.PublicKey
}

// Public returns the public half.
func (k Key) Public() Public { return Public{k.ID, k.Algorithm, k.Private.Public()} }

// Generate makes a key. Its ID is its thumbprint (RFC 7638).
func Generate(a Algorithm) (Key, error) {
	private, err := generate(a)
	if err != nil {
		return Key{}, err
	}
	id, err := Thumbprint(private.Public())
	if err != nil {
		return Key{}, err
	}
	return Key{ID: id, Algorithm: a, Private: private}, nil
}

func generate(a Algorithm) (crypto.Signer, error) {
	switch a {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256, PS256:
		return rsa.GenerateKey(rand.Reader, minRSABits)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("the algorithm %q is not served", string(a))
}

// Marshal returns the private key in PKCS #8 DER, to be sealed.
func (k Key) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.Private) }

// Unmarshal reads what Marshal gave. A key that the algorithm does not go with is an error.
func Unmarshal(id string, a Algorithm, der []byte) (Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Key{}, fmt.Errorf("key %s: not PKCS #8", id) // the parser's words might quote the key
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return Key{}, fmt.Errorf("key %s: %T does not sign", id, parsed)
	}
	if err := a.fits(private.Public()); err != nil {
		return Key{}, fmt.Errorf("key %s: %w", id, err)
	}
	return Key{ID: id, Algorithm: a, Private: private}, nil
}

type header struct {
	Algorithm Algorithm `json:"alg"`
	Type      string    `json:"typ,omitempty"`
	ID        string    `json:"kid,omitempty"`
}

// Sign makes a compact JWS (RFC 7515 §7.1) of the claims as encoding/json writes them. typ is the
// explicit type of RFC 8725 §3.11, such as "at+jwt".
func (k Key) Sign(typ string, claims any) (string, error) {
	method := k.Algorithm.method()
	if method == nil {
		return "", fmt.Errorf("the algorithm %q is not served", string(k.Algorithm))
	}
	head, err := json.Marshal(header{k.Algorithm, typ, k.ID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	const signature = 88 // characters of a 64-byte signature and its dot, with room; an RSA one grows the slice
	coding := base64.RawURLEncoding
	token := make([]byte, 0, coding.EncodedLen(len(head))+1+coding.EncodedLen(len(body))+signature)
	token = coding.AppendEncode(token, head)
	token = append(token, '.')
	token = coding.AppendEncode(token, body)
	sig, err := method.Sign(string(token), k.Private)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", k, err)
	}
	token = append(token, '.')
	return string(coding.AppendEncode(token, sig)), nil
}
