package redisstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// record collects the fields of a hash that is to be written, as alternating names and values. Empty values are
// omitted.
type record []any

func (r *record) text(name, value string) {
	if value != "" {
		*r = append(*r, name, value)
	}
}

func (r *record) flag(name string, set bool) {
	if set {
		*r = append(*r, name, "1")
	}
}

func (r *record) millis(name string, t time.Time) {
	if !t.IsZero() {
		*r = append(*r, name, t.UnixMilli())
	}
}

func (r *record) seconds(name string, t time.Time) {
	if !t.IsZero() {
		*r = append(*r, name, t.Unix())
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
		*r = append(*r, name, values[0])
	default:
		text, _ := json.Marshal(values) // strings can always be encoded
		*r = append(*r, name, string(text))
	}
}

// stored reads the fields of a hash. err keeps the first field that cannot be read.
type stored struct {
	fields map[string]string
	err    error
}

// storedOf reads a list of alternating names and values.
func storedOf(pairs []string) *stored {
	fields := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return &stored{fields: fields}
}

func (s *stored) text(name string) string { return s.fields[name] }

func (s *stored) flag(name string) bool { return s.fields[name] == "1" }

func (s *stored) number(name string) int64 {
	text, ok := s.fields[name]
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
	if s.fields[name] == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.number(name)).UTC()
}

func (s *stored) seconds(name string) time.Time {
	if s.fields[name] == "" {
		return time.Time{}
	}
	return time.Unix(s.number(name), 0).UTC()
}

func (s *stored) list(name string) []string {
	text := s.fields[name]
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
	if name := s.fields["gt"]; name != "" {
		return name
	}
	return usual
}

// binding fails on a text that it does not know: a token of a later release must not be read as a bearer token.
func (s *stored) binding(name string) oauth.Binding {
	b, ok := oauth.ParseBinding(s.fields[name])
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
