package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/commit"
	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/memo"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
	"github.com/recipe-web-app/oauth2d/internal/store"
)

// Options make a Ring. Store, Sealer, Events and Now are required; every other zero field has the
// default that is named.
type Options struct {
	Store  store.Keys
	Sealer *secret.Sealer // under the master key
	Events event.Sink
	Now    func() time.Time
	Issuer string // whose credentials and texts are sealed; those of another one do not open

	Algorithm jose.Algorithm   // signs where nothing else is asked for; ES256
	Also      []jose.Algorithm // further algorithms that have keys
	Every     time.Duration    // how long a key is active; 30 days
	Ahead     time.Duration    // how long it is published before that; 24 h
	Settle    time.Duration    // the same for a rotation out of turn, longer than Turn is called apart; 15 s
	Keep      time.Duration    // how long a signing key verifies after it, at least the longest access token; 24 h
	MACKeep   time.Duration    // how long a MAC key does, at least the longest refresh token; 90 days
}

func (o Options) withDefaults() Options {
	const day = 24 * time.Hour
	fill := func(value *time.Duration, fallback time.Duration) {
		if *value == 0 {
			*value = fallback
		}
	}
	fill(&o.Every, 30*day)
	fill(&o.Ahead, day)
	fill(&o.Settle, 15*time.Second)
	fill(&o.Keep, day)
	fill(&o.MACKeep, 90*day)
	if o.Algorithm == "" {
		o.Algorithm = jose.ES256
	}
	return o
}

// Ring is the replica's view of the key ring. Reading it takes no lock; it is safe for concurrent
// use. Load must have succeeded before anything is sealed or signed.
type Ring struct {
	o         Options
	sealer    atomic.Pointer[secret.Sealer] // Options.Sealer, or the one of UseSealer
	calendar  calendar
	urgent    calendar   // what a start waits for: the lines whose keys are made in no time
	turning   sync.Mutex // one change at a time from this replica; others meet at the store's Swap
	current   atomic.Pointer[snapshot]
	published atomic.Pointer[publication] // the last result of JWKS
	verified  *memo.Map[fingerprint, verified]
}

// New makes an empty Ring; call Load next.
func New(o Options) *Ring {
	o = o.withDefaults()
	r := &Ring{o: o, verified: newVerified(), calendar: calendar{
		lines: []line{{use: UseMAC}, {use: UsePepper}},
		every: o.Every, ahead: o.Ahead, settle: o.Settle, keep: o.Keep, keepMACs: o.MACKeep,
	}}
	for _, algorithm := range r.algorithms() {
		r.calendar.lines = append(r.calendar.lines, line{UseSign, algorithm})
	}
	r.urgent = r.calendar
	r.urgent.lines = slices.DeleteFunc(slices.Clone(r.calendar.lines), func(l line) bool {
		return l.use == UseSign && l.algorithm != r.o.Algorithm && l.algorithm.Slow()
	})
	r.sealer.Store(o.Sealer)
	r.current.Store(newSnapshot(o.Issuer, nil))
	return r
}

// Load reads the ring and, when it is empty or has no key for a configured algorithm, makes the first
// ones. It leaves out the keys whose making takes long (see Sign), so that a start does not wait for
// them. Of several replicas that start at once one makes them and the others read them. ErrMasterKey
// means what it says; any other error that the ring could not be read.
func (r *Ring) Load(ctx context.Context) error {
	found, err := r.read(ctx)
	if err != nil {
		return err
	}
	if !r.urgent.begin(found.keys, r.o.Now()).complete() {
		r.turning.Lock()
		defer r.turning.Unlock()
		return r.change(ctx, r.urgent, func(*turning) error { return nil })
	}
	r.current.Store(newSnapshot(r.o.Issuer, found.keys))
	return nil
}

// complete makes the keys that Load left out, once. Of several callers one makes them and the others
// wait for it.
func (r *Ring) complete(ctx context.Context) error {
	missing := func() bool { return !r.calendar.begin(r.current.Load().keys, r.o.Now()).complete() }
	if !missing() {
		return nil
	}
	r.turning.Lock()
	defer r.turning.Unlock()
	if !missing() {
		return nil
	}
	return r.change(ctx, r.calendar, func(*turning) error { return nil })
}

// Turn reads the ring again and does what the calendar calls for: makes, promotes, retires and drops
// keys. Call it every few seconds: it is also how a replica learns what the others did. After an error
// the ring is served as it was last read. It leaves the keys that lie under a previous master key: while
// replicas have different master keys, each would seal again what the others have sealed.
func (r *Ring) Turn(ctx context.Context) error {
	return r.locked(ctx, func(*turning) error { return nil })
}

// Rotate hands every line of keys with this use over to a successor. It serves after Settle, when
// every replica has read it.
func (r *Ring) Rotate(ctx context.Context, use string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	return r.locked(ctx, func(t *turning) error {
		known := false
		for _, l := range t.lines {
			if l.use != use {
				continue
			}
			known = true
			if err := t.rotate(l); err != nil {
				return err
			}
		}
		if !known {
			return oauth.Refuse(oauth.InvalidRequest, "use is not one of sign, mac and pepper", nil)
		}
		return nil
	})
}

// Drop takes a key out of the ring in an emergency: what it signed or sealed is refused from now on
// here, and by every other replica at its next Turn. A key that nothing replaces is replaced at once.
func (r *Ring) Drop(ctx context.Context, id string) error {
	ctx, release := commit.Begin(ctx)
	defer release()
	return r.locked(ctx, func(t *turning) error {
		for _, k := range t.keys {
			if k.ID == id {
				t.remove(k)
				return nil
			}
		}
		return oauth.Refuse(oauth.NotFound, "no key has that id", nil)
	})
}

// attempts bound how often a change is decided again because another replica was faster.
const attempts = 8

// locked is change under the lock, by the whole calendar.
func (r *Ring) locked(ctx context.Context, decide func(*turning) error) error {
	r.turning.Lock()
	defer r.turning.Unlock()
	return r.change(ctx, r.calendar, decide)
}

// change decides on a change of the ring and on what a calendar calls for besides, and swaps it
// in. A loser reads the ring again and decides again.
func (r *Ring) change(ctx context.Context, c calendar, decide func(*turning) error) error {
	for range attempts {
		found, err := r.read(ctx)
		if err != nil {
			return err
		}
		t := c.begin(found.keys, r.o.Now())
		t.stale = found.stale
		if err := decide(t); err != nil {
			return err
		}
		if err := t.turn(); err != nil {
			return fmt.Errorf("turn the key calendar: %w", err)
		}
		err = r.swap(ctx, found.version, t)
		if errors.Is(err, store.Conflict) {
			continue
		}
		if err != nil {
			r.current.Store(newSnapshot(r.o.Issuer, found.keys)) // what became of the change is not known
			return err
		}
		for _, fact := range t.facts {
			r.o.Events.Emit(ctx, fact)
		}
		return nil
	}
	return fmt.Errorf("turn the key calendar: %w", store.Conflict)
}

// found is the ring as the store has it.
type found struct {
	keys    []key
	stale   []string // the ids of those sealed under a previous master key
	version uint64
}

func (r *Ring) read(ctx context.Context) (found, error) {
	boxes, version, err := r.o.Store.Load(ctx)
	if err != nil {
		return found{}, fmt.Errorf("read the key ring: %w", err)
	}
	f, sealer := found{version: version}, r.sealer.Load()
	for id, box := range boxes {
		k, err := unseal(sealer, id, box)
		if err != nil {
			return found{}, err
		}
		f.keys = append(f.keys, k)
		if sealer.Stale(box) {
			f.stale = append(f.stale, id)
		}
	}
	return f, nil
}

func (r *Ring) swap(ctx context.Context, version uint64, t *turning) error {
	if t.changed() {
		put := make(map[string][]byte, len(t.put))
		for _, k := range t.keys {
			if !t.put[k.ID] {
				continue
			}
			box, err := k.seal(r.sealer.Load())
			if err != nil {
				return fmt.Errorf("seal a key: %w", err)
			}
			put[k.ID] = box
		}
		if err := r.o.Store.Swap(ctx, version, put, t.drop); err != nil {
			return fmt.Errorf("change the key ring: %w", err)
		}
	}
	r.current.Store(newSnapshot(r.o.Issuer, t.keys))
	return nil
}
