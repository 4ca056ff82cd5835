package clientmeta

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Kind is the type of a property as operators write it.
type Kind string

// The kinds, each with the Go type of its wire form.
const (
	Text    Kind = "text"          // string
	Switch  Kind = "true or false" // bool
	Number  Kind = "number"        // int64
	List    Kind = "list of texts" // []string
	Scopes  Kind = "scope values"  // string, with single spaces between the values
	Seconds Kind = "seconds"       // int64
	Pairs   Kind = "texts by name" // map[string]string
)

// Value reads and writes one field of oauth.Client. The wire form is the Go value that stands for the
// field in the JSON of the admin API; see Kind for its type.
type Value interface {
	Kind() Kind
	// Wire returns the wire form. Its slices and maps are shared with the client.
	Wire(c *oauth.Client) any
	// Set stores a wire form. It returns an error when wire has another type.
	Set(c *oauth.Client, wire any) error
	// Decode stores the wire form that raw holds as JSON.
	Decode(c *oauth.Client, raw []byte) error
	// Load stores the stored form that raw holds as JSON.
	Load(c *oauth.Client, raw []byte) error
	// Stored returns the form that is kept in the store; nil when the field is empty.
	Stored(c *oauth.Client) any
	// Recorded returns what the audit log keeps.
	Recorded(c *oauth.Client) any
	// Shown returns the value as text for people; "" when the field is empty.
	Shown(c *oauth.Client) string

	clear(c *oauth.Client)
}

// field is a Value: a field of type F with wire forms of type W and stored forms of type S.
type field[F, W, S any] struct {
	kind     Kind
	at       func(*oauth.Client) *F
	wire     func(F) W
	read     func(wire W, old F) F
	store    func(F) S
	load     func(S) F
	recorded func(F) any
	shown    func(F) string
}

func (f field[F, W, S]) Kind() Kind                   { return f.kind }
func (f field[F, W, S]) Wire(c *oauth.Client) any     { return f.wire(*f.at(c)) }
func (f field[F, W, S]) Recorded(c *oauth.Client) any { return f.recorded(*f.at(c)) }
func (f field[F, W, S]) Shown(c *oauth.Client) string { return f.shown(*f.at(c)) }
func (f field[F, W, S]) clear(c *oauth.Client)        { var none F; *f.at(c) = none }

func (f field[F, W, S]) Set(c *oauth.Client, wire any) error {
	typed, ok := wire.(W)
	if !ok {
		return errors.New("is not " + string(f.kind))
	}
	into := f.at(c)
	*into = f.read(typed, *into)
	return nil
}

func (f field[F, W, S]) Decode(c *oauth.Client, raw []byte) error {
	var wire W
	if err := json.Unmarshal(raw, &wire); err != nil {
		return err
	}
	return f.Set(c, wire)
}

func (f field[F, W, S]) Stored(c *oauth.Client) any {
	if stored := f.store(*f.at(c)); !blank(stored) {
		return stored
	}
	return nil
}

func (f field[F, W, S]) Load(c *oauth.Client, raw []byte) error {
	var stored S
	if err := json.Unmarshal(raw, &stored); err != nil {
		return err
	}
	*f.at(c) = f.load(stored)
	return nil
}

// blank reports whether a wire or stored form is the empty one.
func blank(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case bool:
		return !v
	case int64:
		return v == 0
	case []string:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	default:
		return v == nil
	}
}

func same[T any](v T) T { return v }

func newest[T any](wire, _ T) T { return wire }

// textOf is a text.
func textOf(at func(*oauth.Client) *string) Value {
	return field[string, string, string]{
		kind: Text, at: at, wire: same[string], read: newest[string], store: same[string], load: same[string],
		recorded: func(v string) any { return v }, shown: same[string],
	}
}

// choiceOf is a text whose empty value has a name on the wire.
func choiceOf(at func(*oauth.Client) *string, empty string) Value {
	wire := func(v string) string {
		if v == "" {
			return empty
		}
		return v
	}
	return field[string, string, string]{
		kind: Text, at: at, wire: wire, store: same[string], load: same[string],
		read: func(wire, _ string) string {
			if wire == empty {
				return ""
			}
			return wire
		},
		recorded: func(v string) any { return v }, shown: wire,
	}
}

// switchOf is true or false.
func switchOf(at func(*oauth.Client) *bool) Value {
	return field[bool, bool, bool]{
		kind: Switch, at: at, wire: same[bool], read: newest[bool], store: same[bool], load: same[bool],
		recorded: func(v bool) any { return v }, shown: strconv.FormatBool,
	}
}

// numberOf is a whole number.
func numberOf(at func(*oauth.Client) *int) Value {
	wire := func(v int) int64 { return int64(v) }
	return field[int, int64, int64]{
		kind: Number, at: at, wire: wire, read: func(wire int64, _ int) int { return int(wire) },
		store: wire, load: func(v int64) int { return int(v) },
		recorded: func(v int) any { return v }, shown: strconv.Itoa,
	}
}

// listOf is a list of texts.
func listOf(at func(*oauth.Client) *[]string) Value {
	return field[[]string, []string, []string]{
		kind: List, at: at, read: newest[[]string], store: same[[]string], load: same[[]string],
		wire: func(v []string) []string {
			if v == nil {
				return []string{} // never null in an answer
			}
			return v
		},
		recorded: func(v []string) any { return v },
		shown:    func(v []string) string { return strings.Join(v, " ") },
	}
}

// scopesOf is a list of scope values, written as RFC 6749 §3.3 writes them.
func scopesOf(at func(*oauth.Client) *oauth.Scopes) Value {
	return field[oauth.Scopes, string, []string]{
		kind: Scopes, at: at, wire: oauth.Scopes.String,
		read: func(wire string, _ oauth.Scopes) oauth.Scopes {
			if wire == "" {
				return nil
			}
			return strings.Split(wire, " ") // text with other spaces stays as it is, for the rule to refuse
		},
		store:    func(v oauth.Scopes) []string { return v },
		load:     func(v []string) oauth.Scopes { return v },
		recorded: func(v oauth.Scopes) any { return v.String() },
		shown:    oauth.Scopes.String,
	}
}

// secondsOf is a duration: whole seconds on the wire, milliseconds in the store.
func secondsOf(at func(*oauth.Client) *time.Duration) Value {
	return field[time.Duration, int64, int64]{
		kind: Seconds, at: at,
		wire: func(v time.Duration) int64 { return int64(v / time.Second) },
		read: func(wire int64, old time.Duration) time.Duration {
			if int64(old/time.Second) == wire && wire != 0 {
				return old // keep the fraction of a second, which the wire form does not show
			}
			return time.Duration(wire) * time.Second
		},
		store:    time.Duration.Milliseconds,
		load:     func(v int64) time.Duration { return time.Duration(v) * time.Millisecond },
		recorded: func(v time.Duration) any { return v.String() },
		shown:    time.Duration.String,
	}
}

// pairsOf is a set of texts by name.
func pairsOf(at func(*oauth.Client) *map[string]string) Value {
	return field[map[string]string, map[string]string, map[string]string]{
		kind: Pairs, at: at, read: newest[map[string]string], store: same[map[string]string], load: same[map[string]string],
		wire: func(v map[string]string) map[string]string {
			if v == nil {
				return map[string]string{} // never null in an answer
			}
			return v
		},
		recorded: func(v map[string]string) any { return v },
		shown: func(v map[string]string) string {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(v)) {
				all = append(all, name+"="+v[name])
			}
			return strings.Join(all, " ")
		},
	}
}
