package jose

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// Reader reads the claims of JWTs into a struct, by the exact names of its json tags. encoding/json
// alone would also take a member "Scope" for the field "scope", whoever put it there. It is safe for
// concurrent use.
type Reader[T any] struct{ names map[string]bool }

// NewReader makes the reader of a struct.
func NewReader[T any]() Reader[T] {
	t := reflect.TypeFor[T]()
	names := make(map[string]bool, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
	}
	return Reader[T]{names}
}

// Read reads a JSON object. Members that have no field are left out.
func (r Reader[T]) Read(raw []byte) (T, error) {
	var claims T
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return claims, fmt.Errorf("claims: %w", err)
	}
	all := len(members)
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return !r.names[name] })
	if len(members) < all {
		var err error
		if raw, err = json.Marshal(members); err != nil {
			return claims, fmt.Errorf("claims: %w", err)
		}
	}
	err := json.Unmarshal(raw, &claims)
	return claims, err
}
