package commonpw

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"math/bits"
	"strings"
)

//go:generate go run generate.go

// The filter is a Golomb-coded set. Each password is hashed to a number below count<<remainder; the numbers
// are sorted, and the distance to the one before is stored as a quotient in unary and a remainder. A password
// that is not in the list is taken for one that is with a probability of 1 in 65 536.
const remainder = 16

//go:embed filter.bin
var filter []byte

// Has reports whether a password is among the most common ones, whatever its case. It takes about a
// millisecond.
func Has(password string) bool {
	count := uint64(binary.BigEndian.Uint32(filter))
	want := place(password, count)
	r := bitReader{data: filter[4:]}
	var at uint64
	for range count {
		at += r.next()
		if at >= want {
			return at == want
		}
	}
	return false
}

// place is the number of a password.
func place(password string, count uint64) uint64 {
	digest := sha256.Sum256([]byte("oauth2d common password " + strings.ToLower(password)))
	number, _ := bits.Mul64(binary.BigEndian.Uint64(digest[:]), count<<remainder)
	return number
}

// bitReader reads the distances.
type bitReader struct {
	data []byte
	at   int // in bits
}

// next reads one distance. The quotient is small: the numbers lie about 1<<remainder apart, and 40 times
// that far with a probability below 1 in 10^17.
func (r *bitReader) next() uint64 {
	window := r.window()
	quotient := bits.LeadingZeros64(^window)
	window <<= quotient + 1
	r.at += quotient + 1 + remainder
	return uint64(quotient)<<remainder | window>>(64-remainder) //nolint:gosec // G115: at most 64
}

// window is the next 57 bits or more, then zeros.
func (r *bitReader) window() uint64 {
	from := r.at / 8
	var padded [8]byte
	eight := padded[:]
	if from+8 <= len(r.data) {
		eight = r.data[from:]
	} else {
		copy(eight, r.data[min(from, len(r.data)):])
	}
	return binary.BigEndian.Uint64(eight) << (r.at % 8)
}
