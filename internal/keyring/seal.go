package keyring

import (
	"encoding/base64"
	"errors"
	"slices"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// SealingKey returns the MAC key that seals new credentials, and its id.
func (r *Ring) SealingKey() (oauth.KeyID, oauth.MACKey) {
	k, _ := r.current.Load().serving(line{use: UseMAC}, r.o.Now())
	return k.mac, k.keyed
}

// KeyOf returns the MAC key with an id, or nil when the ring has none or no longer.
func (r *Ring) KeyOf(id oauth.KeyID) oauth.MACKey {
	k, ok := r.current.Load().macs[id]
	if !ok || k.state(r.o.Now()) == Dropped {
		return nil
	}
	return k.keyed
}

// purposeOf binds a text to the issuer that sealed it.
func (r *Ring) purposeOf(purpose string) string { return purpose + " of " + r.o.Issuer }

// Pepper returns the key that new digests of client secrets are made with, and its id.
func (r *Ring) Pepper() (id string, pepper oauth.MACKey) {
	k, _ := r.current.Load().serving(line{use: UsePepper}, r.o.Now())
	return k.ID, k.keyed
}

// PepperOf returns the pepper with an id, or nil. The calendar never drops one.
func (r *Ring) PepperOf(id string) oauth.MACKey { return r.current.Load().peppers[id].keyed }

// ErrText is answered for a text that this server did not seal, or not for this purpose, or under a
// key that is gone.
var ErrText = errors.New("the sealed text is not valid")

// SealText encrypts data that travels through a browser, in base64url. It carries the id of its key
// and opens on every replica until that key is dropped; what it holds must say itself until when it
// counts.
func (r *Ring) SealText(purpose string, plain []byte) (string, error) {
	k, ok := r.current.Load().serving(line{use: UseMAC}, r.o.Now())
	if !ok {
		return "", errors.New("the key ring has no MAC key")
	}
	box := slices.Concat(k.mac[:], k.texts.Seal(r.purposeOf(purpose), plain))
	return base64.RawURLEncoding.EncodeToString(box), nil
}

// OpenText decrypts a text made by SealText for the same purpose; ErrText for everything else.
func (r *Ring) OpenText(purpose, text string) ([]byte, error) {
	box, err := base64.RawURLEncoding.Strict().DecodeString(text)
	var id oauth.KeyID
	if err != nil || len(box) < len(id) {
		return nil, ErrText
	}
	copy(id[:], box)
	k, ok := r.current.Load().macs[id]
	if !ok || k.state(r.o.Now()) == Dropped {
		return nil, ErrText
	}
	plain, err := k.texts.Open(r.purposeOf(purpose), box[len(id):])
	if errors.Is(err, secret.ErrOtherKey) || errors.Is(err, secret.ErrBox) {
		return nil, ErrText
	}
	return plain, err
}
