package clientauth

import (
	"crypto/sha256"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// proven remembers which secrets were right, by a digest under a key that only this process has. To
// show such a secret again is no guess: it need not be counted before it is checked, and no lock on
// the client keeps it out. Whether it still is right is checked all the same. It is safe for
// concurrent use.
type proven struct {
	key []byte

	mu   sync.RWMutex
	seen map[[sha256.Size]byte]struct{}
}

// maxProven bounds the memory; beyond it one is forgotten at random, and counted once more.
const maxProven = 20_000

func newProven() *proven {
	return &proven{key: secret.Random(sha256.Size), seen: map[[sha256.Size]byte]struct{}{}}
}

// mark is what a pair of id and secret is remembered by.
func (p *proven) mark(id string, shown oauth.Token) (m [sha256.Size]byte) {
	copy(m[:], secret.MAC(p.key, id, shown.Reveal()))
	return m
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
