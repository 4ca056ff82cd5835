package clientauth

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// seenSecrets remembers which secrets were right, as digests under a key that only this process has. A
// request with such a secret is not a guess: it is not counted before it is checked, and no lockout of the
// client rejects it. The secret is still checked. It is safe for concurrent use.
type seenSecrets struct {
	key  [sha256.Size]byte
	seen *memo.Map[[sha256.Size]byte, struct{}]
}

// maxSeenSecrets bounds the memory. Beyond it a random entry is evicted; its next request counts as a guess.
const maxSeenSecrets = 20_000

func newSeenSecrets() *seenSecrets {
	s := &seenSecrets{seen: memo.NewMap[[sha256.Size]byte](memo.Options[struct{}]{Limit: maxSeenSecrets})}
	copy(s.key[:], secret.Random(len(s.key)))
	return s
}

// mark returns the digest of a client id and a secret. Like the key it never leaves this process, so a plain
// hash after the key is enough, and cheap: every request computes one.
func (s *seenSecrets) mark(id string, shown oauth.Token) [sha256.Size]byte {
	var room [256]byte // enough for most, so that nothing is allocated
	text := append(room[:0], s.key[:]...)
	text = binary.BigEndian.AppendUint32(text, uint32(len(id))) //nolint:gosec // bounded by the size of a request
	text = append(text, id...)
	return sha256.Sum256(append(text, shown.Reveal()...))
}

func (s *seenSecrets) has(m [sha256.Size]byte) bool {
	_, ok := s.seen.Get(m)
	return ok
}

func (s *seenSecrets) add(m [sha256.Size]byte) { s.seen.Put(m, struct{}{}) }

func (s *seenSecrets) drop(m [sha256.Size]byte) { s.seen.Delete(m) }
