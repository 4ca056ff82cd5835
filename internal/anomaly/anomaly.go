package anomaly

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// The bounds of the memory. Both tables are arrays in which an entry replaces another one whose hash falls
// into the same slot: a flood of tokens can hide a pattern, but it takes neither memory nor time.
const (
	tokenSlots  = 8192
	denialSlots = 1024
	lockCount   = 64

	// MaxCallers bounds Options.Callers.
	MaxCallers = 16
)

// denialInterval is the time between two IntrospectionDenied of one caller and client. A service that is not
// registered to introspect asks with every request, and must not push other events out of the audit log.
const denialInterval = time.Minute

// Options configure a Detector. Next is required.
type Options struct {
	Next    event.Sink // receives the anomalies
	Callers int        // how many different callers of one token are an anomaly, at most MaxCallers; 0: never
	Now     func() time.Time
}

// Detector is an event.Sink. It is safe for concurrent use; an event costs one lock, which is rarely
// contended.
type Detector struct {
	o       Options
	seed    maphash.Seed
	locks   [lockCount]sync.Mutex
	tokens  [tokenSlots]tokenCallers
	denials [denialSlots]denial
}

// tokenCallers are the callers that introspected one token.
type tokenCallers struct {
	token   uint64
	callers [MaxCallers]uint64
	n       int
}

// denial is the last IntrospectionDenied that was emitted for a caller, a client and a reason.
type denial struct {
	key uint64
	at  time.Time
}

// New returns a Detector.
func New(o Options) *Detector {
	o.Callers = min(o.Callers, MaxCallers)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Detector{o: o, seed: maphash.MakeSeed()}
}

// Emit implements event.Sink.
func (d *Detector) Emit(ctx context.Context, e event.Event) {
	introspected, is := e.(event.TokenIntrospected)
	switch {
	case !is:
	case introspected.Denied != "":
		if d.isNewDenial(introspected) {
			d.o.Next.Emit(ctx, event.IntrospectionDenied{
				Caller: introspected.Caller, Client: introspected.Client, Reason: introspected.Denied,
			})
		}
	case introspected.Token != "" && introspected.Active && d.o.Callers > 0 && d.becomesShared(introspected.Token, introspected.Caller):
		d.o.Next.Emit(ctx, event.TokenShared{Client: introspected.Client, Token: introspected.Token, Callers: d.o.Callers})
	}
}

// becomesShared counts a caller of a token and reports whether it is the one that completes Options.Callers.
// Of any number of concurrent callers exactly one gets true.
func (d *Detector) becomesShared(token event.TokenID, caller oauth.ClientID) bool {
	key, lock := d.hash(string(token))
	by := maphash.String(d.seed, string(caller))
	lock.Lock()
	defer lock.Unlock()
	slot := &d.tokens[key%tokenSlots]
	if slot.token != key {
		*slot = tokenCallers{token: key}
	}
	for _, known := range slot.callers[:slot.n] {
		if known == by {
			return false
		}
	}
	if slot.n >= d.o.Callers {
		return false
	}
	slot.callers[slot.n] = by
	slot.n++
	return slot.n == d.o.Callers
}

// isNewDenial reports whether no such denial was emitted within denialInterval. Of any number of concurrent
// denials of one caller and client exactly one is new.
func (d *Detector) isNewDenial(e event.TokenIntrospected) bool {
	key, lock := d.hash(string(e.Caller) + "\x00" + string(e.Client) + "\x00" + e.Denied)
	now := d.o.Now()
	lock.Lock()
	defer lock.Unlock()
	slot := &d.denials[key%denialSlots]
	if slot.key == key && now.Sub(slot.at) < denialInterval {
		return false
	}
	*slot = denial{key: key, at: now}
	return true
}

// hash returns the hash of a text and the lock of the slot that it falls into.
func (d *Detector) hash(text string) (uint64, *sync.Mutex) {
	key := maphash.String(d.seed, text)
	return key, &d.locks[key%lockCount]
}
