package clientmeta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Object is a JSON object whose members keep the order in which they are added.
type Object struct {
	body bytes.Buffer
	err  error
}

// Add adds a member.
func (o *Object) Add(name string, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the encoder around this one decides
	if err := encoder.Encode(value); err != nil && o.err == nil {
		o.err = fmt.Errorf("%s: %w", name, err)
	}
	if o.body.Len() > 0 {
		o.body.WriteByte(',')
	}
	fmt.Fprintf(&o.body, "%q:", name)
	o.body.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// AddClient adds the properties of a client as the server answers them: empty ones, too, unless they are
// optional.
func (o *Object) AddClient(c *oauth.Client) {
	for _, m := range Members() {
		if m.Group != nil {
			o.Add(m.Name, nested(m, c))
		} else if p := m.Properties[0]; !p.Optional || !blank(p.Wire(c)) {
			o.Add(p.Name, p.Wire(c))
		}
	}
}

// AddForm adds the properties of a client that are not empty, as a request sends them.
func (o *Object) AddForm(c *oauth.Client) {
	for _, m := range Members() {
		if value := m.Wire(c); value != nil {
			o.Add(m.Name, value)
		}
	}
}

// MarshalJSON implements json.Marshaler.
func (o *Object) MarshalJSON() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	return append(append([]byte{'{'}, o.body.Bytes()...), '}'), nil
}

// Wire returns the wire form of the member, which is a map for a group; nil when it is empty.
func (m Member) Wire(c *oauth.Client) any {
	if m.Group != nil {
		if all := nested(m, c); all.body.Len() > 0 {
			return all
		}
		return nil
	}
	if value := m.Properties[0].Wire(c); !blank(value) {
		return value
	}
	return nil
}

func nested(m Member, c *oauth.Client) *Object {
	var all Object
	for _, p := range m.Properties {
		if value := p.Wire(c); !blank(value) {
			all.Add(p.Name, value)
		}
	}
	return &all
}

// Decode reads the properties that raw holds as the members of a JSON object into c. It leaves those that
// are missing as they are, and ignores members that it does not know.
func Decode(c *oauth.Client, raw []byte) error {
	return decode(raw, func(p Property, text []byte) error { return p.Decode(c, text) }, wireNames)
}

// Load reads the stored form of a client's properties into c.
func Load(c *oauth.Client, registration []byte) error {
	return decode(registration, func(p Property, text []byte) error { return p.Load(c, text) }, storedNames)
}

func wireNames(p Property) (group, name string) {
	if p.Group != nil {
		group = p.Group.Name
	}
	return group, p.Name
}

func storedNames(p Property) (group, name string) {
	if p.Group != nil {
		group = p.Group.StoredName
	}
	return group, p.StoredName
}

func decode(raw []byte, read func(Property, []byte) error, names func(Property) (string, string)) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	groups := map[string]map[string]json.RawMessage{"": members}
	for _, p := range Properties() {
		group, name := names(p)
		if _, known := groups[group]; !known {
			var inner map[string]json.RawMessage
			if raw := members[group]; raw != nil {
				if err := json.Unmarshal(raw, &inner); err != nil {
					return fmt.Errorf("%s: %w", group, err)
				}
			}
			groups[group] = inner
		}
		if raw := groups[group][name]; raw != nil {
			if err := read(p, raw); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// Stored returns the stored form of a client's properties, without those that are empty.
func Stored(c *oauth.Client) map[string]any {
	all := map[string]any{}
	for _, p := range Properties() {
		value := p.Stored(c)
		if value == nil {
			continue
		}
		group, name := storedNames(p)
		into := all
		if group != "" {
			inner, ok := all[group].(map[string]any)
			if !ok {
				inner = map[string]any{}
				all[group] = inner
			}
			into = inner
		}
		into[name] = value
	}
	return all
}

// Same reports whether the member has the same value in two clients. The order of a list counts only where
// it matters.
func (m Member) Same(a, b *oauth.Client) bool {
	for _, p := range m.Properties {
		if !reflect.DeepEqual(p.sorted(a), p.sorted(b)) {
			return false
		}
	}
	return true
}

// sorted returns the wire form with its parts in order, where their order does not matter.
func (p Property) sorted(c *oauth.Client) any {
	switch wire := p.Wire(c).(type) {
	case []string:
		if !p.Ordered {
			return slices.Sorted(slices.Values(wire))
		}
		return wire
	case string:
		if p.Kind() == Scopes {
			return slices.Sorted(strings.SplitSeq(wire, " "))
		}
		return wire
	default:
		return wire
	}
}
