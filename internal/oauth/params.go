package oauth

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on the parameters of one request.
const (
	MaxParams     = 64
	MaxParamBytes = 4096 // of one value
)

// Params are the parameters of one request, read once: an empty value counts as absent, and no
// parameter occurs twice (RFC 6749 §3.1) but resource (RFC 8707 §2). The zero Params is empty.
type Params struct {
	values url.Values
	only   []string // the names that can be read; nil: all
}

// ParseParams checks what a form or query held. Parameters it does not know are kept; who reads
// only those it knows ignores the rest, as RFC 6749 §3.1 wants. On an error the Params still hold
// every parameter that occurred once, so that the caller can find out where the error may go.
//
// The Params use the map of the form, from which ParseParams removes what they must not hold.
//
// MaxParamBytes does not apply to the parameters named in unbounded. They carry a token that another
// server may have issued, of whatever length; the limit of the body bounds them.
func ParseParams(form url.Values, unbounded ...string) (Params, error) {
	if len(form) > MaxParams {
		return Params{}, Refuse(InvalidRequest, "the request holds more than 64 parameters", nil)
	}
	var first error
	fail := func(text string) {
		if first == nil {
			first = Refuse(InvalidRequest, text, nil)
		}
	}
	for name, all := range form {
		all = slices.DeleteFunc(all, func(v string) bool { return v == "" })
		form[name] = all
		switch {
		case len(all) == 0:
			delete(form, name)
		case len(all) > 1 && name != "resource":
			fail("a parameter occurs more than once")
		case slices.ContainsFunc(all, tooLong) && !slices.Contains(unbounded, name):
			fail("a parameter is longer than 4096 bytes")
		case name != "state" && slices.ContainsFunc(all, malformed): // state is the client's own: echoed, never read
			fail("a parameter is not valid UTF-8 or holds a NUL")
		default:
			continue
		}
		delete(form, name)
	}
	return Params{values: form}, first
}

func tooLong(v string) bool { return len(v) > MaxParamBytes }

func malformed(v string) bool {
	return !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0
}

// Get returns a parameter, or "" when it is absent.
func (p Params) Get(name string) string {
	if all := p.All(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// All returns every value of a parameter that may occur several times.
func (p Params) All(name string) []string {
	if p.only != nil && !slices.Contains(p.only, name) {
		return nil
	}
	return p.values[name]
}

// Has reports whether a parameter is present and not empty.
func (p Params) Has(name string) bool { return len(p.All(name)) > 0 }

// Only returns the same parameters, of which only the named ones can be read. It keeps names.
func (p Params) Only(names ...string) Params {
	if p.only != nil {
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(p.only, name) })
	}
	if names == nil {
		names = []string{}
	}
	return Params{values: p.values, only: names}
}

// Encode returns the parameters as a query string, sorted by name.
func (p Params) Encode() string {
	readable := url.Values{}
	for name := range p.values {
		if all := p.All(name); all != nil {
			readable[name] = all
		}
	}
	return readable.Encode()
}
