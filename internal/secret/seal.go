package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// MasterKeySize is the length of a master key in bytes.
const MasterKeySize = 32

// The format of sealed data: version | fingerprint of the master key | nonce | ciphertext and tag.
const (
	boxVersion      = 1
	fingerprintSize = 4
	boxHeader       = 1 + fingerprintSize
)

// ErrOtherKey means that data was sealed with a master key that the Sealer does not have.
var ErrOtherKey = errors.New("sealed under another key")

// ErrBox means that data is not sealed, was changed, or was sealed for another purpose.
var ErrBox = errors.New("the sealed data is damaged")

// Sealer encrypts small pieces of data with XChaCha20-Poly1305, whose 24-byte nonce may always be random. Each purpose
// has its own key, derived from the master key, so that data sealed for one purpose cannot be opened for another. It is
// safe for concurrent use.
type Sealer struct{ keys []masterKey } // the current one first

type masterKey struct {
	fingerprint [fingerprintSize]byte
	material    []byte
}

// NewSealer seals with master and opens data that was sealed with master or any of previous, so that a master key can
// be replaced. Every key has MasterKeySize bytes.
func NewSealer(master []byte, previous ...[]byte) (*Sealer, error) {
	s := &Sealer{}
	for _, material := range append([][]byte{master}, previous...) {
		if len(material) != MasterKeySize {
			return nil, fmt.Errorf("a master key has %d bytes, not %d", MasterKeySize, len(material))
		}
		short, err := derive(material, "fingerprint", fingerprintSize)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, masterKey{[fingerprintSize]byte(short), material})
	}
	return s, nil
}

// Seal encrypts plain for a purpose. Sealing the same data twice returns two different results.
func (s *Sealer) Seal(purpose string, plain []byte) []byte {
	key := s.keys[0]
	nonce := Random(chacha20poly1305.NonceSizeX)
	box := make([]byte, 0, boxHeader+len(nonce)+len(plain)+chacha20poly1305.Overhead)
	box = append(box, boxVersion)
	box = append(box, key.fingerprint[:]...)
	box = append(box, nonce...)
	return key.cipher(purpose).Seal(box, nonce, plain, box[:boxHeader])
}

// Open decrypts data that Seal returned for the same purpose. It returns ErrOtherKey or ErrBox.
func (s *Sealer) Open(purpose string, box []byte) ([]byte, error) {
	const least = boxHeader + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	if len(box) < least || box[0] != boxVersion {
		return nil, ErrBox
	}
	header, rest := box[:boxHeader], box[boxHeader:]
	nonce, sealed := rest[:chacha20poly1305.NonceSizeX], rest[chacha20poly1305.NonceSizeX:]
	known := false
	for _, key := range s.keys {
		if [fingerprintSize]byte(header[1:]) != key.fingerprint {
			continue
		}
		known = true
		if plain, err := key.cipher(purpose).Open(nil, nonce, sealed, header); err == nil {
			return plain, nil
		}
	}
	if !known {
		return nil, ErrOtherKey
	}
	return nil, ErrBox
}

// Stale reports whether data was sealed with an earlier master key and should be sealed again.
func (s *Sealer) Stale(box []byte) bool {
	return len(box) < boxHeader || [fingerprintSize]byte(box[1:boxHeader]) != s.keys[0].fingerprint
}

// Fingerprints returns a text for each master key, the current one first. They show nothing of the keys.
func (s *Sealer) Fingerprints() []string {
	all := make([]string, 0, len(s.keys))
	for _, k := range s.keys {
		all = append(all, hex.EncodeToString(k.fingerprint[:]))
	}
	return all
}

func (k masterKey) cipher(purpose string) cipher.AEAD {
	derived, err := derive(k.material, "seal "+purpose, chacha20poly1305.KeySize)
	if err == nil {
		var aead cipher.AEAD
		if aead, err = chacha20poly1305.NewX(derived); err == nil {
			return aead
		}
	}
	panic("secret: " + err.Error()) // only for a key of a wrong size, which NewSealer refuses
}

func derive(material []byte, purpose string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, material, nil, "oauth2d "+purpose, size)
}
