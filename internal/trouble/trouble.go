// Package trouble owns the signs of trouble that no single fact shows: it listens to the facts of one
// server, remembers a bounded part of them, and tells what it notices as facts of its own.
package trouble

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// The bounds of what is remembered. A token takes the place of another one whose hash falls there.
const (
	tokens     = 8192
	locks      = 64
	MaxCallers = 16
)

// Options make a Watch.
type Options struct {
	Next    event.Sink // is told what is noticed
	Callers int        // so many callers of one token are a sign, at most MaxCallers; 0: never
}

// Watch notices. It is safe for concurrent use, and costs a fact one lock that it rarely shares.
type Watch struct {
	o       Options
	seed    maphash.Seed
	locks   [locks]sync.Mutex
	asked   [tokens]asked
	revoked [tokens]uint64 // hashes of single tokens that were revoked
}

// asked is who introspected one token.
type asked struct {
	token   uint64
	callers [MaxCallers]uint64
	n       int
}

// New makes a watch.
func New(o Options) *Watch {
	o.Callers = min(o.Callers, MaxCallers)
	return &Watch{o: o, seed: maphash.MakeSeed()}
}

// Emit implements event.Sink.
func (w *Watch) Emit(ctx context.Context, e event.Event) {
	switch e := e.(type) {
	case event.TokenRevoked:
		w.remember(e.Token)
	case event.TokenIntrospected:
		switch {
		case e.Token == "":
		case !e.Active && w.remembers(e.Token):
			w.o.Next.Emit(ctx, event.RevokedTokenUsed{Caller: e.Caller})
		case e.Active && w.o.Callers > 0 && w.spreads(e.Token, e.Caller):
			w.o.Next.Emit(ctx, event.TokenSpread{Client: e.Client, Token: e.Token, Callers: w.o.Callers})
		}
	}
}

// spreads counts a caller in and tells whether it is the one that makes it a sign, which happens once.
func (w *Watch) spreads(token, caller string) bool {
	at, lock := w.place(token)
	by := maphash.String(w.seed, caller)
	lock.Lock()
	defer lock.Unlock()
	slot := &w.asked[at%tokens]
	if slot.token != at {
		*slot = asked{token: at}
	}
	for _, known := range slot.callers[:slot.n] {
		if known == by {
			return false
		}
	}
	if slot.n >= w.o.Callers {
		return false
	}
	slot.callers[slot.n] = by
	slot.n++
	return slot.n == w.o.Callers
}

func (w *Watch) remember(token string) {
	if token == "" {
		return
	}
	at, lock := w.place(token)
	lock.Lock()
	defer lock.Unlock()
	w.revoked[at%tokens] = at
}

func (w *Watch) remembers(token string) bool {
	at, lock := w.place(token)
	lock.Lock()
	defer lock.Unlock()
	return w.revoked[at%tokens] == at
}

func (w *Watch) place(token string) (uint64, *sync.Mutex) {
	at := maphash.String(w.seed, token)
	return at, &w.locks[at%locks]
}
