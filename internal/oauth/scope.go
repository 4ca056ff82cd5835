package oauth

import (
	"slices"
	"strconv"
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
	at := 0
	for value := range strings.SplitSeq(text, " ") {
		if value == "" {
			continue
		}
		at++
		if !validScope(value) {
			// The value itself may hold what an error_description must not (RFC 6749 section 5.2).
			return nil, Refuse(InvalidScope, "scope value "+strconv.Itoa(at)+" holds a character that is not allowed", nil)
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

// String returns the wire form.
func (s Scopes) String() string { return strings.Join(s, " ") }

// Has reports whether value is in the set.
func (s Scopes) Has(value string) bool { return slices.Contains(s, value) }

// Within reports whether every value of s is in ceiling. The empty set is within everything.
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

// AdminPrefix begins every scope of the admin API.
const AdminPrefix = "admin:"

// HasAdmin reports whether a value of s is a scope of the admin API.
func (s Scopes) HasAdmin() bool {
	return slices.ContainsFunc(s, func(value string) bool { return strings.HasPrefix(value, AdminPrefix) })
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

// maxScopeInMessage bounds how much of a scope value an error message repeats.
const maxScopeInMessage = 60

// RefuseScope returns nil when every value of s is in ceiling. Otherwise it returns an invalid_scope
// error that names the first value that is not, why it is refused, and the value of ceiling that was
// most likely meant.
func (s Scopes) RefuseScope(ceiling Scopes, why string) error {
	for _, value := range s {
		if ceiling.Has(value) {
			continue
		}
		return Refuse(InvalidScope, scopeMessage(value, ceiling, why), nil)
	}
	return nil
}

// scopeMessage names a scope value, why it is refused and what was probably meant. A scope value holds
// no character that an error_description must not.
func scopeMessage(value string, known Scopes, why string) string {
	shown := CutRuns(value) // the message is logged: a credential that was sent as a scope must not be in it
	if len(shown) > maxScopeInMessage {
		shown = shown[:maxScopeInMessage] + "..."
	}
	text := "the scope " + shown + " " + why
	if parts := strings.FieldsFunc(value, isScopeSeparator); len(parts) > 1 && Scopes(parts).Within(known) {
		return text + "; did you mean " + strings.Join(parts, " ") + "? Scopes are separated by spaces"
	}
	if near := Nearest(value, known); near != "" {
		return text + "; did you mean " + near + "?"
	}
	return text
}

// isScopeSeparator reports whether people separate scopes by a character although OAuth does not.
func isScopeSeparator(r rune) bool { return r == ',' || r == ';' || r == '+' || r == '|' }

// Declared are the scopes that clients may be registered for.
type Declared struct {
	Names Scopes // every scope that the server knows
	Open  bool   // the settings declare none of their own: names that resemble no known one pass
}

// Check refuses a scope that is not declared: with a description that names it and the scope that was
// most likely meant. Scopes of had pass: a client keeps what it was registered for.
func (d Declared) Check(asked, had Scopes) error {
	for _, value := range asked.Without(had) {
		if d.Names.Has(value) || d.Open && !d.isSlip(value) {
			continue
		}
		text := scopeMessage(value, d.Names, "is not declared under scopes in the settings")
		return Refuse(InvalidClientMetadata, text, nil)
	}
	return nil
}

// isSlip reports whether a scope that nobody declared is more likely a mistake than a name: several
// scopes in one, a slip in the name of a built-in scope, or an admin scope that opens nothing.
func (d Declared) isSlip(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r == ',' || r == ';' }) ||
		strings.HasPrefix(value, "admin:") || len(value) > 4 && Nearest(value, d.Names) != ""
}
