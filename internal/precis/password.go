package precis

import (
	"slices"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Password returns a password in the form in which it is hashed: by the profile OpaqueString of RFC 8265
// section 4.2. Composed and decomposed letters become one form, and every kind of space the usual one. The
// error says that the password holds what the profile does not allow, such as a control character.
func Password(typed string) (string, error) { return precis.OpaqueString.String(typed) }

// Spellings returns the texts whose hash may be stored for a password that was typed now, the one of Password
// first. The others are the spellings under which passwords were hashed before they had one form; a password
// of ASCII letters has one spelling only.
func Spellings(typed string) []string {
	all := []string{typed}
	if enforced, err := Password(typed); err == nil {
		all[0] = enforced
	}
	for _, spelling := range []string{typed, norm.NFC.String(typed), norm.NFD.String(typed)} {
		if !slices.Contains(all, spelling) {
			all = append(all, spelling)
		}
	}
	return all
}
