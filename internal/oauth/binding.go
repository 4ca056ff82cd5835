package oauth

import "strings"

// Binding names the key to which a token is bound (RFC 7800, the claim cnf): the caller that presents the token must
// prove possession of that key. The zero Binding is that of a bearer token. At most one field is set.
type Binding struct {
	KeyThumbprint         string // of a JWK: jkt (RFC 9449 §6.1)
	CertificateThumbprint string // of an X.509 certificate: x5t#S256 (RFC 8705 §3.1)
}

// The prefixes of Binding.Stored.
const (
	boundToKey         = "jkt:"
	boundToCertificate = "x5t:"
)

// Bound reports whether the token is bound to a key.
func (b Binding) Bound() bool { return b != Binding{} }

// Stored returns the binding as one text, as it is stored; empty for a bearer token.
func (b Binding) Stored() string {
	switch {
	case b.KeyThumbprint != "":
		return boundToKey + b.KeyThumbprint
	case b.CertificateThumbprint != "":
		return boundToCertificate + b.CertificateThumbprint
	}
	return ""
}

// ParseBinding reads what Stored returned; false for any other text. Callers must treat such a token as dead:
// otherwise a binding of a later release would be read as none.
func ParseBinding(stored string) (Binding, bool) {
	if stored == "" {
		return Binding{}, true
	}
	if thumbprint, ok := strings.CutPrefix(stored, boundToKey); ok && thumbprint != "" {
		return Binding{KeyThumbprint: thumbprint}, true
	}
	if thumbprint, ok := strings.CutPrefix(stored, boundToCertificate); ok && thumbprint != "" {
		return Binding{CertificateThumbprint: thumbprint}, true
	}
	return Binding{}, false
}
