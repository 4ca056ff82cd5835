package clientauth

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// proven remembers which secrets were right, by a digest under a key that only this process has. To
// show such a secret again is no guess: it need not be counted before it is checked, and no lock on
// the client keeps it out. Whether it still is right is checked all the same. It is safe for
// concurrent use.
type proven struct {
	key [sha256.Size]byte

	mu   sync.RWMutex
	seen map[[sha256.Size]byte]struct{}
}

// maxProven bounds the memory; beyond it one is forgotten at random, and counted once more.
const maxProven = 20_000

func newProven() *proven {
	p := &proven{seen: map[[sha256.Size]byte]struct{}{}}
	copy(p.key[:], secret.Random(len(p.key)))
	return p
}

// mark is what a pair of id and secret is remembered by. It leaves this process as little as the key
// does, so a plain hash behind the key is enough. Every request pays for it.
func (p *proven) mark(id string, shown oauth.Token) [sha256.Size]byte {
	var room [256]byte // enough for most, so that nothing is allocated
	text := append(room[:0], p.key[:]...)
	text = binary.BigEndian.AppendUint32(text, uint32(len(id))) //nolint:gosec // bounded by the size of a request
	text = append(text, id...)
	return sha256.Sum256(append(text, shown.Reveal()...))
}

func (p *proven) has(m [sha256.Size]byte) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, ok := p.seen[m]
	return ok
}

func (p *proven) add(m [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) >= maxProven {
		for some := range p.seen { // the order of a map is random
			delete(p.seen, some)
			break
		}
	}
	p.seen[m] = struct{}{}
}

func (p *proven) drop(m [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.seen, m)
}
