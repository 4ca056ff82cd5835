package rdb

import (
	"bytes"
	"slices"
)

// Equal reports whether two values are the same. Redis orders the members of a set and the fields of a hash by a number
// that each process draws, so that two equal ones may have different forms.
func Equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || len(a) != len(b) || a[0] != b[0] || a[0] != typeSet && a[0] != typeHash {
		return false
	}
	x, err := elements(a)
	if err != nil {
		return false
	}
	y, err := elements(b)
	return err == nil && slices.EqualFunc(x, y, bytes.Equal)
}

// elements returns the members of a set, or the fields of a hash with their values, as they are stored and in order.
func elements(value []byte) ([][]byte, error) {
	s := NewStream(bytes.NewReader(value[1:]))
	n, err := s.count()
	if err != nil {
		return nil, err
	}
	words := 1
	if value[0] == typeHash {
		words = 2
	}
	var all [][]byte
	for range n {
		var one bytes.Buffer
		if err := s.copyTo(&one); err != nil {
			return nil, err
		}
		if err := s.strings(words)(); err != nil {
			return nil, err
		}
		if err := s.copyTo(nil); err != nil {
			return nil, err
		}
		all = append(all, one.Bytes())
	}
	slices.SortFunc(all, bytes.Compare)
	return all, nil
}

// IsHash reports whether a value is a hash.
func IsHash(value []byte) bool {
	if len(value) == 0 {
		return false
	}
	switch value[0] {
	case typeHash, 9, 13, 16, typeHashTTLOld, 23, typeHashTTL, typeHashPackedTTL:
		return true
	}
	return false
}
