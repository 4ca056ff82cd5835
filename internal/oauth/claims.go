package oauth

import (
	"slices"
	"strings"
)

// ReservedClaim reports whether the server itself answers for a claim (RFC 7519 §4.1, RFC 7662 §2.2,
// RFC 9068 §2.2): a static one would let a client say who it is, what it may do or until when.
//
// Names are compared without regard to case, as the most lenient reader does: Go's encoding/json takes
// a member "Scope" for "scope", and the last of two such members wins.
func ReservedClaim(name string) bool {
	return slices.ContainsFunc(reservedClaims(), func(reserved string) bool { return strings.EqualFold(reserved, name) })
}

func reservedClaims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "active", "client_id", "user_id", "username", "scope", "scopes",
		"token_type", "grant_type", "auth_time", "acr", "amr", "grant", "sid", "cnf", "act", "may_act", "authorization_details", "nonce",
		"azp", "at_hash", "c_hash", "s_hash",
	}
}

// StaticClaims are the static claims of a client that may stand in a token or an answer. A reserved
// name can only come from a registration that was stored before it was refused.
func (c Client) StaticClaims() map[string]string {
	if len(c.Claims) == 0 {
		return nil
	}
	kept := make(map[string]string, len(c.Claims))
	for name, value := range c.Claims {
		if !ReservedClaim(name) {
			kept[name] = value
		}
	}
	return kept
}
