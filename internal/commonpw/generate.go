//go:build ignore

// Command generate makes filter.bin from a list of passwords, the most common first, one a line. Where the
// list comes from stands in docs/decisions; it is not part of this repository.
//
//	LIST=passwords.txt go generate ./internal/commonpw
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"log"
	"math/bits"
	"os"
	"slices"
	"strings"
)

const (
	most      = 100_000
	remainder = 16
)

func main() {
	file, err := os.Open(os.Getenv("LIST"))
	if err != nil {
		log.Fatal(err)
	}
	var all []string
	lines := bufio.NewScanner(file)
	for read := 0; read < most && lines.Scan(); read++ {
		all = append(all, strings.ToLower(lines.Text()))
	}
	slices.Sort(all)
	all = slices.Compact(all)
	count := uint64(len(all))
	places := make([]uint64, count)
	for i, password := range all {
		digest := sha256.Sum256([]byte("oauth2d common password " + password))
		places[i], _ = bits.Mul64(binary.BigEndian.Uint64(digest[:]), count<<remainder)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	var w writer
	var before uint64
	for _, place := range places {
		distance := place - before
		for range distance >> remainder {
			w.bit(1)
		}
		w.bit(0)
		for i := remainder - 1; i >= 0; i-- {
			w.bit(byte(distance >> i & 1))
		}
		before = place
	}
	// The count scales the places, so it is that of the passwords; two with one place leave a distance of 0,
	// which would be read twice.
	for range count - uint64(len(places)) {
		for range 1 + remainder {
			w.bit(0)
		}
	}
	out := append(binary.BigEndian.AppendUint32(nil, uint32(count)), w.data...)
	if err := os.WriteFile("filter.bin", out, 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%d passwords in %d bytes", count, len(out))
}

// writer packs bits.
type writer struct {
	data []byte
	n    int
}

func (w *writer) bit(b byte) {
	if w.n%8 == 0 {
		w.data = append(w.data, 0)
	}
	w.data[len(w.data)-1] |= b << (7 - w.n%8)
	w.n++
}
