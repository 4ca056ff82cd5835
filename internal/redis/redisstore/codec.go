package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// record collects the arguments of a script; the fields of a hash that is to be written are alternating names and
// values. Empty values are omitted.
type record struct {
	args []any
	// What pointers in args point to. A string in an any is an allocation of its own; a pointer to one is none.
	texts []string
}

// newRecord returns a record with room for n arguments.
func newRecord(n int) *record { return &record{args: make([]any, 0, n), texts: make([]string, 0, n)} }

// add appends arguments that are no fields.
func (r *record) add(texts ...string) {
	for _, text := range texts {
		r.texts = append(r.texts, text)
		r.args = append(r.args, &r.texts[len(r.texts)-1])
	}
}

// addNumber appends an argument that is no field.
func (r *record) addNumber(n int64) { r.args = append(r.args, n) }

func (r *record) text(name, value string) {
	if value != "" {
		r.add(name, value)
	}
}

func (r *record) number(name string, n int64) {
	r.add(name)
	r.addNumber(n)
}

func (r *record) flag(name string, set bool) {
	if set {
		r.add(name, "1")
	}
}

func (r *record) millis(name string, t time.Time) {
	if !t.IsZero() {
		r.number(name, t.UnixMilli())
	}
}

func (r *record) seconds(name string, t time.Time) {
	if !t.IsZero() {
		r.number(name, t.Unix())
	}
}

// grantType omits the usual grant type: a record without one, as those of earlier releases are, has that type.
func (r *record) grantType(name, usual string) {
	if name != usual {
		r.text("gt", name)
	}
}

// list writes a list of one plain value as it is, which is the usual case, and every other list as JSON.
func (r *record) list(name string, values []string) {
	switch {
	case len(values) == 0:
	case len(values) == 1 && values[0] != "" && !strings.HasPrefix(values[0], "["):
		r.add(name, values[0])
	default:
		text, _ := json.Marshal(values) // strings can always be encoded
		r.add(name, string(text))
	}
}

// hgetall requests a hash for stored.
func hgetall(ctx context.Context, key string) *redis.StringSliceCmd {
	return redis.NewStringSliceCmd(ctx, "hgetall", key)
}

// stored reads the fields of a hash: alternating names and values, as Redis returns them. A hash has some twenty fields
// at most, of which each is read once: a search costs less than a map. err keeps the first field that cannot be read.
type stored struct {
	pairs []string
	err   error
}

func (s *stored) find(name string) (string, bool) {
	for i := 0; i+1 < len(s.pairs); i += 2 {
		if s.pairs[i] == name {
			return s.pairs[i+1], true
		}
	}
	return "", false
}

func (s *stored) text(name string) string {
	text, _ := s.find(name)
	return text
}

func (s *stored) flag(name string) bool { return s.text(name) == "1" }

func (s *stored) number(name string) int64 {
	text, ok := s.find(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.fail(name, err)
	}
	return n
}

func (s *stored) millis(name string) time.Time {
	if s.text(name) == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.number(name)).UTC()
}

func (s *stored) seconds(name string) time.Time {
	if s.text(name) == "" {
		return time.Time{}
	}
	return time.Unix(s.number(name), 0).UTC()
}

func (s *stored) list(name string) []string {
	text := s.text(name)
	if text == "" {
		return nil
	}
	if !strings.HasPrefix(text, "[") {
		return []string{text}
	}
	var values []string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		s.fail(name, err)
	}
	return values
}

// grantType reads what record.grantType wrote.
func (s *stored) grantType(usual string) string {
	if name := s.text("gt"); name != "" {
		return name
	}
	return usual
}

// binding fails on a text that it does not know: a token of a later release must not be read as a bearer token.
func (s *stored) binding(name string) oauth.Binding {
	b, ok := oauth.ParseBinding(s.text(name))
	if !ok {
		s.fail(name, nil)
	}
	return b
}

// fail records the name of the field, but not its value.
func (s *stored) fail(name string, _ error) {
	if s.err == nil {
		s.err = fmt.Errorf("redisstore: the stored field %q cannot be read", name)
	}
}

// until returns the time to live in milliseconds, for a script to check: it may be zero or negative.
func until(expires, now time.Time) int64 { return expires.UnixMilli() - now.UnixMilli() }
