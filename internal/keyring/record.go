package keyring

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// The uses of a key.
const (
	UseSign   = "sign"   // signs JWTs
	UseMAC    = "mac"    // seals codes, refresh tokens and texts
	UsePepper = "pepper" // keys the digests of client secrets
)

// State is the stage of a key in its life.
type State string

// The states, in their order.
const (
	Published State = "published" // known, not used yet
	Active    State = "active"    // the newest of them is used
	Retired   State = "retired"   // verifies what it made
	Dropped   State = "dropped"   // gone
)

// ErrMasterKey is answered for a ring that was sealed under another master key.
var ErrMasterKey = errors.New("master_key does not open the key ring: " +
	"give the key that the ring was sealed with, or name that one as a previous master key")

// record is a key as it is stored. A zero Retires or Drops means never.
type record struct {
	ID        string         `json:"id"`
	Use       string         `json:"use"`
	Algorithm jose.Algorithm `json:"alg,omitempty"`
	Material  []byte         `json:"key"` // PKCS #8, or the bytes of a symmetric key
	Created   time.Time      `json:"created"`
	Active    time.Time      `json:"active"`
	Retires   time.Time      `json:"retires,omitzero"`
	Drops     time.Time      `json:"drops,omitzero"`
	Told      State          `json:"told"` // the state that was last emitted as an event
}

func (r record) state(now time.Time) State {
	past := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	switch {
	case past(r.Drops):
		return Dropped
	case past(r.Retires):
		return Retired
	case past(r.Active):
		return Active
	}
	return Published
}

// serves reports whether the key may make something new: its time has come. A retired key serves too
// while no successor does, for a calendar that could not be turned must not stop the server.
func (r record) serves(now time.Time) bool {
	s := r.state(now)
	return s == Active || s == Retired
}

// key is a record ready for use.
type key struct {
	record
	signer jose.Key       // of UseSign
	mac    oauth.KeyID    // of UseMAC
	texts  *secret.Sealer // of UseMAC
	// keyed is that of UsePepper, or the one that this issuer derives from a key of UseMAC: a credential that another
	// issuer sealed on the same Redis is not valid here.
	keyed oauth.MACKey
}

func (r record) open() (key, error) {
	k := key{record: r}
	var err error
	switch r.Use {
	case UseSign:
		k.signer, err = jose.Unmarshal(r.ID, r.Algorithm, r.Material)
	case UseMAC:
		if k.mac, err = keyID(r.ID); err != nil {
			return key{}, err
		}
		k.texts, err = secret.NewSealer(secret.Derive(r.Material, "texts"))
	}
	return k, err
}

func keyID(id string) (oauth.KeyID, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(id, UseMAC+"-"))
	if err != nil || len(raw) != len(oauth.KeyID{}) {
		return oauth.KeyID{}, fmt.Errorf("key %s: not the id of a MAC key", id)
	}
	return oauth.KeyID(raw), nil
}

// purpose binds a sealed record to its name in the ring, so that two cannot change places.
func purpose(id string) string { return "key ring " + id }

func (r record) seal(s *secret.Sealer) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return s.Seal(purpose(r.ID), plain), nil
}

func unseal(s *secret.Sealer, id string, box []byte) (key, error) {
	plain, err := s.Open(purpose(id), box)
	if errors.Is(err, secret.ErrOtherKey) {
		return key{}, ErrMasterKey
	}
	if err != nil {
		return key{}, fmt.Errorf("key %s: %w", id, err)
	}
	var r record
	if err := json.Unmarshal(plain, &r); err != nil {
		return key{}, fmt.Errorf("key %s: %w", id, secret.ErrBox)
	}
	return r.open()
}

// Check returns why a stored ring cannot be used: the master keys do not open it, or it lacks a pepper of another ring,
// without which the secrets of that ring's clients are not valid. Both are the fields of the ring's hash in Redis; other
// may be nil.
func Check(s *secret.Sealer, ring, other map[string]string) error {
	for field, box := range ring {
		id, ok := strings.CutPrefix(field, storedPrefix)
		if !ok {
			continue
		}
		if _, err := unseal(s, id, []byte(box)); err != nil {
			return err
		}
	}
	for field := range other {
		id, _ := strings.CutPrefix(field, storedPrefix)
		if _, there := ring[field]; !there && strings.HasPrefix(id, UsePepper+"-") {
			return ErrOtherRing
		}
	}
	return nil
}

// storedPrefix stands before a key's id in the ring's hash.
const storedPrefix = "key:"

// ErrOtherRing is returned by Check for a ring that is not a continuation of another.
var ErrOtherRing = errors.New("the key rings differ: the secrets of the clients would not be valid")
