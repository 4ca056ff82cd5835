// Package trouble owns the signs of trouble that no single fact shows: it listens to the facts of one
// server, remembers a bounded part of them, and tells what it notices as facts of its own.
package trouble

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

// The bounds of what is remembered. A token takes the place of another one whose hash falls there.
const (
	tokens     = 8192
	locks      = 64
	denials    = 1024
	MaxCallers = 16
)

// denialInterval is how long a denial of one caller and client is not told again: a service that is not
// registered for what it does asks with every request, and must not push other facts out of the log.
const denialInterval = time.Minute

// Options make a Watch.
type Options struct {
	Next    event.Sink // is told what is noticed
	Callers int        // so many callers of one token are a sign, at most MaxCallers; 0: never
	Now     func() time.Time
}

// Watch notices. It is safe for concurrent use, and costs a fact one lock that it rarely shares.
type Watch struct {
	o      Options
	seed   maphash.Seed
	locks  [locks]sync.Mutex
	asked  [tokens]asked
	denied [denials]denied
}

// denied is when a denial of one caller and client was told last.
type denied struct {
	pair uint64
	at   time.Time
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
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Watch{o: o, seed: maphash.MakeSeed()}
}

// Emit implements event.Sink.
func (w *Watch) Emit(ctx context.Context, e event.Event) {
	asked, is := e.(event.TokenIntrospected)
	switch {
	case !is:
	case asked.Denied != "":
		if w.newDenial(asked) {
			w.o.Next.Emit(ctx, event.IntrospectionDenied{Caller: asked.Caller, Client: asked.Client, Reason: asked.Denied})
		}
	case asked.Token != "" && asked.Active && w.o.Callers > 0 && w.spreads(asked.Token, asked.Caller):
		w.o.Next.Emit(ctx, event.TokenSpread{Client: asked.Client, Token: asked.Token, Callers: w.o.Callers})
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

// newDenial reports whether a denial was not told within denialInterval. Of any number of concurrent
// denials of one caller and client exactly one is new.
func (w *Watch) newDenial(e event.TokenIntrospected) bool {
	pair, lock := w.place(e.Caller + "\x00" + e.Client + "\x00" + e.Denied)
	now := w.o.Now()
	lock.Lock()
	defer lock.Unlock()
	slot := &w.denied[pair%denials]
	if slot.pair == pair && now.Sub(slot.at) < denialInterval {
		return false
	}
	*slot = denied{pair: pair, at: now}
	return true
}

func (w *Watch) place(token string) (uint64, *sync.Mutex) {
	at := maphash.String(w.seed, token)
	return at, &w.locks[at%locks]
}
