package keyring

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
	"github.com/recipe-web-app/oauth2d/internal/secret"
)

// symmetricSize is the length of a MAC key and of a pepper in bytes.
const symmetricSize = 32

// line is a succession of keys: one key after another does its work.
type line struct {
	use       string
	algorithm jose.Algorithm
}

func (k key) of(l line) bool { return k.Use == l.use && k.Algorithm == l.algorithm }

// calendar decides when keys are made, used and dropped. It takes values only.
type calendar struct {
	lines          []line
	every          time.Duration // how long a key is active
	ahead          time.Duration // how long it is published before
	settle         time.Duration // the same for a key that was not planned
	keep, keepMACs time.Duration // how long it verifies afterwards
}

// turning is one change of the ring being made up.
type turning struct {
	calendar
	now   time.Time
	keys  []key // the ring as it will be
	put   map[string]bool
	drop  []string
	stale []string // the ids of those sealed under a previous master key
	facts []event.KeyChanged
}

func (c calendar) begin(keys []key, now time.Time) *turning {
	return &turning{calendar: c, now: now, keys: slices.Clone(keys), put: map[string]bool{}}
}

func (t *turning) changed() bool { return len(t.put)+len(t.drop) > 0 }

func (t *turning) tell(k key, change event.KeyChange) {
	t.facts = append(t.facts, event.KeyChanged{Key: k.ID, Use: k.Use, Change: change})
}

// turn does what the time calls for: every line has a key that serves and, when its end is near, a
// successor; what is past its end goes; and each change of state is emitted once, by the caller that wins the
// swap that records it.
func (t *turning) turn() error {
	for _, k := range slices.Clone(t.keys) {
		if k.state(t.now) == Dropped {
			t.remove(k)
		}
	}
	for _, l := range t.lines {
		if err := t.provide(l); err != nil {
			return err
		}
	}
	for i := range t.keys {
		if state := t.keys[i].state(t.now); state != t.keys[i].Told {
			t.keys[i].Told = state
			t.put[t.keys[i].ID] = true
			t.tell(t.keys[i], entering(state))
		}
	}
	return nil
}

// entering names the change by which a key gets into a state.
func entering(s State) event.KeyChange {
	if s == Active {
		return event.KeyPromoted
	}
	return event.KeyChange(s)
}

func (t *turning) provide(l line) error {
	latest := t.latest(l)
	switch {
	case latest == nil:
		_, err := t.make(l, t.now)
		return err
	case !t.anyServes(l):
		t.promote(t.next(l), t.now)
	case !latest.Retires.IsZero() && !t.now.Before(latest.Retires.Add(-t.ahead)):
		active := latest.Retires
		if soonest := t.now.Add(t.settle); active.Before(soonest) {
			active = soonest
		}
		_, err := t.make(l, active)
		return err
	}
	return nil
}

// rotate ends the reign of the key that serves and hands over to the published one, or to a new
// one. The successor waits until every replica had the time to read it: a replica that does not know
// the key would call true tokens forged.
func (t *turning) rotate(l line) error {
	known := t.now.Add(t.settle)
	successor := t.next(l)
	if successor == nil {
		made, err := t.make(l, known)
		if err != nil {
			return err
		}
		successor = made
	} else {
		if known = successor.Created.Add(t.settle); known.Before(t.now) {
			known = t.now
		}
		t.promote(successor, known)
	}
	for i := range t.keys {
		k := &t.keys[i]
		if k.of(l) && k.ID != successor.ID && k.state(t.now) == Active {
			k.Retires, k.Drops = known, t.dropsAt(l, known)
			t.put[k.ID] = true
		}
	}
	return nil
}

func (t *turning) promote(k *key, active time.Time) {
	k.Active = active
	k.Retires, k.Drops = t.ends(line{k.Use, k.Algorithm}, active)
	t.put[k.ID] = true
}

func (t *turning) remove(k key) {
	t.keys = slices.DeleteFunc(t.keys, func(other key) bool { return other.ID == k.ID })
	t.drop = append(t.drop, k.ID)
	t.tell(k, event.KeyDropped)
}

func (t *turning) make(l line, active time.Time) (*key, error) {
	r := record{Use: l.use, Algorithm: l.algorithm, Created: t.now, Active: active}
	r.Retires, r.Drops = t.ends(l, active)
	var err error
	if r.ID, r.Material, err = material(l); err != nil {
		return nil, err
	}
	k, err := r.open()
	if err != nil {
		return nil, err
	}
	t.keys = append(t.keys, k)
	t.put[r.ID] = true
	t.tell(k, event.KeyMade)
	return &t.keys[len(t.keys)-1], nil
}

// material makes a key and its name. The name begins with a letter, says what the key is for and
// needs no quoting anywhere.
func material(l line) (id string, raw []byte, err error) {
	if l.use != UseSign {
		return l.use + "-" + hex.EncodeToString(secret.Random(len(oauth.KeyID{}))), secret.Random(symmetricSize), nil
	}
	made, err := jose.Generate(l.algorithm)
	if err != nil {
		return "", nil, err
	}
	raw, err = made.Marshal()
	return strings.ToLower(string(l.algorithm)) + "-" + hex.EncodeToString(secret.Random(8)), raw, err
}

// ends says when a key that becomes active at a time retires and is dropped. A pepper does neither
// by itself: the secrets of clients depend on it.
func (t *turning) ends(l line, active time.Time) (retires, drops time.Time) {
	if l.use == UsePepper {
		return time.Time{}, time.Time{}
	}
	retires = active.Add(t.every)
	return retires, t.dropsAt(l, retires)
}

func (t *turning) dropsAt(l line, retires time.Time) time.Time {
	switch l.use {
	case UsePepper:
		return time.Time{}
	case UseMAC:
		return retires.Add(t.keepMACs)
	}
	return retires.Add(t.keep)
}

// latest is the key of a line whose turn comes last.
func (t *turning) latest(l line) *key {
	var found *key
	for i := range t.keys {
		if k := &t.keys[i]; k.of(l) && (found == nil || k.Active.After(found.Active)) {
			found = k
		}
	}
	return found
}

// next is the published key of a line whose turn comes first.
func (t *turning) next(l line) *key {
	var found *key
	for i := range t.keys {
		k := &t.keys[i]
		if k.of(l) && k.state(t.now) == Published && (found == nil || k.Active.Before(found.Active)) {
			found = k
		}
	}
	return found
}

// complete reports whether every line has a key that serves.
func (t *turning) complete() bool {
	return !slices.ContainsFunc(t.lines, func(l line) bool { return !t.anyServes(l) })
}

func (t *turning) anyServes(l line) bool {
	return slices.ContainsFunc(t.keys, func(k key) bool { return k.of(l) && k.serves(t.now) })
}
