package memo

import (
	"sync"
	"time"
)

// sampleSize bounds how many entries one insertion into a full map looks at.
const sampleSize = 64

// Options configure a Map. Limit is required.
type Options[V any] struct {
	Limit int // of entries
	// Life is the time after which an entry expires, counted from the Put; 0 means never.
	Life time.Duration
	// Now is required with a Life.
	Now func() time.Time
	// Idle reports whether the loss of an entry costs nothing. A full map evicts such entries first, and expired
	// ones; nil means that no entry is. It is called with the map locked.
	Idle func(V) bool
}

// Map remembers at most a fixed number of entries; beyond it a random one is evicted. It is safe for concurrent
// use. Readers do not wait for one another, which is why it is not an LRU: that takes an exclusive lock for each
// read, to note the use.
type Map[K comparable, V any] struct {
	o Options[V]

	mu      sync.RWMutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value   V
	expires time.Time // zero: never
}

// NewMap returns an empty map.
func NewMap[K comparable, V any](o Options[V]) *Map[K, V] {
	return &Map[K, V]{o: o, entries: map[K]entry[V]{}}
}

// Get returns the value of a key; false when the map has none, or only an expired one.
func (m *Map[K, V]) Get(key K) (V, bool) {
	m.mu.RLock()
	found, ok := m.entries[key]
	m.mu.RUnlock()
	if !ok || found.expired(m.o) {
		var none V
		return none, false
	}
	return found.value, true
}

// Put stores the value of a key. Of concurrent callers with one key the last one's value stays.
func (m *Map[K, V]) Put(key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, value)
}

// GetOrPut returns the value of a key, and stores what create returns when the map has none. Concurrent callers with
// one key get the same value.
func (m *Map[K, V]) GetOrPut(key K, create func() V) V {
	if value, ok := m.Get(key); ok {
		return value
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if found, ok := m.entries[key]; ok && !found.expired(m.o) {
		return found.value
	}
	value := create()
	m.put(key, value)
	return value
}

// Delete removes a key.
func (m *Map[K, V]) Delete(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// Len returns the number of entries, expired ones included.
func (m *Map[K, V]) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.entries)
}

// put is called with the lock held.
func (m *Map[K, V]) put(key K, value V) {
	if _, known := m.entries[key]; !known && len(m.entries) >= m.o.Limit {
		m.evict()
	}
	one := entry[V]{value: value}
	if m.o.Life > 0 {
		one.expires = m.o.Now().Add(m.o.Life)
	}
	m.entries[key] = one
}

// evict makes room: it looks at a few random entries and removes the expired and the idle ones, or one of the few
// when none is.
func (m *Map[K, V]) evict() {
	looked := 0
	for key, one := range m.entries { // the order of a map is random
		looked++
		if one.expired(m.o) || m.o.Idle != nil && m.o.Idle(one.value) {
			delete(m.entries, key)
		}
		if looked >= min(sampleSize, m.o.Limit) {
			if len(m.entries) >= m.o.Limit {
				delete(m.entries, key)
			}
			return
		}
	}
}

func (e entry[V]) expired(o Options[V]) bool {
	return !e.expires.IsZero() && !o.Now().Before(e.expires)
}
