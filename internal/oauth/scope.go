package oauth

import (
	"slices"
	"strings"
)

// Limits on a scope parameter: a longer one is refused before it is looked at.
const (
	MaxScopeBytes  = 2048
	MaxScopeValues = 64
)

// Scopes that OpenID Connect and OAuth give a fixed meaning.
const (
	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeOfflineAccess = "offline_access"
)

// Scopes is a set of scope values in the order they were asked for. The nil Scopes is empty.
type Scopes []string

// ParseScopes reads a scope parameter (RFC 6749 §3.3): space-separated tokens of printable ASCII
// without quote and backslash. Duplicates are dropped. It is linear in the length of the text.
func ParseScopes(text string) (Scopes, error) {
	if len(text) > MaxScopeBytes {
		return nil, Refuse(InvalidScope, "scope is longer than 2048 bytes", nil)
	}
	var scopes Scopes
	for value := range strings.SplitSeq(text, " ") {
		if value == "" {
			continue
		}
		if !validScope(value) {
			return nil, Refuse(InvalidScope, "scope holds a character that is not allowed", nil)
		}
		if len(scopes) == MaxScopeValues && !scopes.Has(value) {
			return nil, Refuse(InvalidScope, "scope names more than 64 values", nil)
		}
		if !scopes.Has(value) {
			scopes = append(scopes, value)
		}
	}
	return scopes, nil
}

func validScope(value string) bool {
	for i := range len(value) {
		c := value[i]
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return value != ""
}

// String gives the wire form.
func (s Scopes) String() string { return strings.Join(s, " ") }

// Has tells whether value is in the set.
func (s Scopes) Has(value string) bool { return slices.Contains(s, value) }

// Within tells whether every value of s is in ceiling. The empty set is within everything.
func (s Scopes) Within(ceiling Scopes) bool {
	for _, value := range s {
		if !ceiling.Has(value) {
			return false
		}
	}
	return true
}

// Only keeps the values of s that are also in other, in the order of s.
func (s Scopes) Only(other Scopes) Scopes {
	var kept Scopes
	for _, value := range s {
		if other.Has(value) {
			kept = append(kept, value)
		}
	}
	return kept
}

// Without leaves out the values of other.
func (s Scopes) Without(other Scopes) Scopes {
	var kept Scopes
	for _, value := range s {
		if !other.Has(value) {
			kept = append(kept, value)
		}
	}
	return kept
}

// With adds the values of other that are not in s yet.
func (s Scopes) With(other Scopes) Scopes {
	all := slices.Clone(s)
	for _, value := range other {
		if !all.Has(value) {
			all = append(all, value)
		}
	}
	return all
}
