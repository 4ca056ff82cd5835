package oauth

import (
	"net/url"
	"slices"
	"unicode/utf8"
)

// Limits on the parameters of one request.
const (
	MaxParams     = 64
	MaxParamBytes = 4096 // of one value
)

// Params are the parameters of one request, read once: an empty value counts as absent, and no
// parameter occurs twice (RFC 6749 §3.1) but resource (RFC 8707 §2). The zero Params is empty.
type Params struct{ values map[string][]string }

// ParseParams checks what a form or query held. Parameters it does not know are kept; who reads
// only those it knows ignores the rest, as RFC 6749 §3.1 wants. On an error the Params still hold
// every parameter that occurred once, so that the caller can find out where the error may go.
//
// MaxParamBytes does not apply to the parameters named in unbounded. They carry a token that another
// server may have issued, of whatever length; the limit of the body bounds them.
func ParseParams(form url.Values, unbounded ...string) (Params, error) {
	p := Params{values: make(map[string][]string, len(form))}
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
		all = slices.DeleteFunc(slices.Clone(all), func(v string) bool { return v == "" })
		switch {
		case len(all) == 0:
		case len(all) > 1 && name != "resource":
			fail("a parameter occurs more than once")
		case slices.ContainsFunc(all, tooLong) && !slices.Contains(unbounded, name):
			fail("a parameter is longer than 4096 bytes")
		case name != "state" && slices.ContainsFunc(all, malformed): // state is the client's own: echoed, never read
			fail("a parameter is not valid UTF-8 or holds a NUL")
		default:
			p.values[name] = all
		}
	}
	return p, first
}

func tooLong(v string) bool { return len(v) > MaxParamBytes }

func malformed(v string) bool {
	return !utf8.ValidString(v) || slices.Contains([]byte(v), 0)
}

// Get returns a parameter, or "" when it is absent.
func (p Params) Get(name string) string {
	if all := p.values[name]; len(all) > 0 {
		return all[0]
	}
	return ""
}

// All returns every value of a parameter that may occur several times.
func (p Params) All(name string) []string { return p.values[name] }

// Has reports whether a parameter is present and not empty.
func (p Params) Has(name string) bool { return len(p.values[name]) > 0 }

// Only keeps the named parameters.
func (p Params) Only(names ...string) Params {
	kept := Params{values: make(map[string][]string, len(names))}
	for _, name := range names {
		if all, ok := p.values[name]; ok {
			kept.values[name] = all
		}
	}
	return kept
}

// Encode returns the parameters as a query string, sorted by name.
func (p Params) Encode() string { return url.Values(p.values).Encode() }
