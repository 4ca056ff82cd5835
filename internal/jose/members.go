package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Reader reads the claims of JWTs into a struct, by the exact names of its json tags. encoding/json
// alone would also take a member "Scope" for the field "scope", whatever party put it there. It is safe for
// concurrent use.
type Reader[T any] struct{ names [][]byte } // at most 64

// NewReader makes the reader of a struct.
func NewReader[T any]() Reader[T] {
	t := reflect.TypeFor[T]()
	names := make([][]byte, t.NumField())
	for i := range names {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[i] = []byte(name)
	}
	return Reader[T]{names}
}

// Read reads a JSON object. Members that have no field are left out; of two members with one name the last counts.
func (r Reader[T]) Read(raw []byte) (T, error) {
	var claims T
	if !r.exact(raw) {
		var err error
		if raw, err = r.only(raw); err != nil {
			return claims, fmt.Errorf("claims: %w", err)
		}
	}
	err := json.Unmarshal(raw, &claims)
	return claims, err
}

// exact reports whether encoding/json puts every member of an object where it belongs: each name either is that of
// a field, once, or does not resemble one. It allocates nothing, because every use of a JWT calls it. It reads the
// object as if it were well formed: encoding/json refuses whatever is not.
func (r Reader[T]) exact(raw []byte) bool {
	depth, seen := 0, uint64(0)
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			start := i + 1
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			if depth != 1 || i >= len(raw) || !beforeColon(raw[i+1:]) {
				continue
			}
			bit, ok := r.field(raw[start:i])
			if !ok || seen&bit != 0 {
				return false
			}
			seen |= bit
		}
	}
	return true
}

// field returns the bit of the field that a name is that of, 0 for another name; false for one that encoding/json
// could take for a field's name, and is not.
func (r Reader[T]) field(name []byte) (uint64, bool) {
	for i, one := range r.names {
		if bytes.Equal(one, name) {
			return 1 << i, true
		}
	}
	escaped := bytes.IndexByte(name, '\\') >= 0
	return 0, !escaped && !slices.ContainsFunc(r.names, func(one []byte) bool { return bytes.EqualFold(one, name) })
}

// beforeColon reports whether a text in front of rest is the name of a member.
func beforeColon(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// only returns an object without the members that have no field.
func (r Reader[T]) only(raw []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool {
		return !slices.ContainsFunc(r.names, func(one []byte) bool { return string(one) == name })
	})
	return json.Marshal(members)
}
