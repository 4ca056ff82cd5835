package backup

import (
	"hash/maphash"
	"slices"
)

// index remembers which keys an archive has, by 8 bytes a key, and how long large values are.
type index struct {
	seed   maphash.Seed
	hashes []uint64 // sorted after the last add
	live   []bool   // which of them exist in Redis
	sizes  map[uint64]int64
	people map[uint64]struct{}
}

func newIndex() *index {
	return &index{seed: maphash.MakeSeed(), sizes: make(map[uint64]int64), people: make(map[uint64]struct{})}
}

func (x *index) hash(key []byte) uint64 { return maphash.Bytes(x.seed, key) }

func (x *index) add(key []byte) { x.hashes = append(x.hashes, x.hash(key)) }

// close ends the adding.
func (x *index) close() {
	slices.Sort(x.hashes)
	x.live = make([]bool, len(x.hashes))
}

// at returns the place of a key.
func (x *index) at(key []byte) (int, bool) { return slices.BinarySearch(x.hashes, x.hash(key)) }

// person counts the user of a record that shows a sign-in.
func (x *index) person(key []byte) {
	if user, ok := signedIn(key); ok {
		x.people[x.hash(user)] = struct{}{}
	}
}
