package audit

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// head is where the chain ends.
type head struct {
	seq  uint64 // of the last entry; 0: there is none
	hash string // of the last entry
	kept uint64 // so many entries must be there
}

// beginning is the head of an empty log: what is before the first entry hashes to zeros.
func beginning() head { return head{hash: strings.Repeat("A", hashLength)} }

const hashLength = 43 // characters of base64url

// hasher makes and checks hashes.
type hasher struct{ keys Keys }

// purposed keeps the keys of this log apart from what else they are for.
func purposed(pepper oauth.MACKey) []byte {
	key := secret.MAC(pepper, "audit log")
	return key[:]
}

func (h hasher) serving() (id string, key []byte) {
	id, pepper := h.keys.Pepper()
	return id, purposed(pepper)
}

// of returns the key with an id; nil when it is not known.
func (h hasher) of(id string) []byte {
	pepper := h.keys.PepperOf(id)
	if pepper == nil {
		return nil
	}
	return purposed(pepper)
}

// hashOf returns the hash of an entry by the MACs of a key.
func hashOf(by *secret.MACer, e store.AuditEntry) string {
	return encoded(by.MAC([]byte("entry"), strconv.AppendUint(nil, e.Seq, 10), []byte(e.Previous), e.Body))
}

func encoded(mac []byte) string { return base64.RawURLEncoding.EncodeToString(mac) }

// chain puts bodies behind a head. keep is the length that the log is cut to afterwards.
func (h hasher) chain(last head, bodies [][]byte, keep int) ([]store.AuditEntry, head) {
	id, key := h.serving()
	by, entries := secret.NewMACer(key), make([]store.AuditEntry, len(bodies))
	for i, b := range bodies {
		e := store.AuditEntry{Seq: last.seq + 1, Key: id, Previous: last.hash, Body: b}
		e.Hash = hashOf(by, e)
		entries[i] = e
		last = head{seq: e.Seq, hash: e.Hash, kept: min(last.kept+1, uint64(keep))} //nolint:gosec // G115: keep is positive
	}
	return entries, last
}

// text is a head as it is stored, sealed.
func (h hasher) text(at head) string {
	id, key := h.serving()
	return fmt.Sprintf("%d %s %d %s %s", at.seq, at.hash, at.kept, id, sealOf(key, at))
}

func sealOf(key []byte, at head) string {
	seal := secret.MAC(secret.NewMACKey(key), "head", strconv.FormatUint(at.seq, 10), at.hash, strconv.FormatUint(at.kept, 10))
	return encoded(seal[:])
}

// parse reads a stored head; false when it was not sealed by us.
func (h hasher) parse(text string) (head, bool) {
	if text == "" {
		return beginning(), true
	}
	var at head
	var id, seal string
	if n, err := fmt.Sscanf(text, "%d %s %d %s %s", &at.seq, &at.hash, &at.kept, &id, &seal); err != nil || n != 5 {
		return beginning(), false
	}
	key := h.of(id)
	if key == nil || !secret.Equal([]byte(sealOf(key, at)), []byte(seal)) {
		return beginning(), false
	}
	return at, true
}
