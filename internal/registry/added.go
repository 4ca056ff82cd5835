package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// checkChange holds a changed client against the rules of its registration. A change that adds nothing is accepted: after
// a rollback, a client may have a grant type or an authentication method that this release does not know, and an
// operator must be able to disable it, to revoke its tokens and to drop its secrets.
func (r *Registry) checkChange(c, before oauth.Client) error {
	if addsNothing(c, before) {
		return nil
	}
	if err := r.check(c); err != nil {
		return err
	}
	return r.checkAdded(c, before)
}

// addsNothing reports whether a change leaves every property but disabled as it was, and adds no secret.
func addsNothing(c, before oauth.Client) bool {
	for _, m := range clientmeta.Members() {
		if m.Name != clientmeta.Disabled && !m.Same(&c, &before) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Secrets, func(one oauth.Secret) bool {
		return !slices.ContainsFunc(before.Secrets, func(old oauth.Secret) bool { return old.ID == one.ID })
	})
}

// checkAdded checks only the values that a change adds against the rules that depend on the settings or are
// newer than the stored clients. A client keeps what it had: otherwise an operator could not disable a client
// that breaks a newer rule.
func (r *Registry) checkAdded(c, before oauth.Client) error {
	if r.o.Declared != nil {
		if err := r.o.Declared.Check(c.Scopes, before.Scopes); err != nil {
			return err
		}
	}
	if c.Algorithm != before.Algorithm {
		if err := r.checkAlgorithm(c); err != nil {
			return err
		}
	}
	if !maps.Equal(c.Claims, before.Claims) {
		if err := checkClaimNames(c); err != nil {
			return err
		}
	}
	if err := r.checkSchemes(c, before); err != nil {
		return err
	}
	if c.SkipConsent && c.Public() && (!before.SkipConsent || !before.Public()) { // an earlier one keeps the flag, without effect
		return refuse("skip_consent", "a public client may not skip consent: nothing proves that it is the one that asks") // RFC 8252 §8.6
	}
	return checkTokenLength(c, before)
}

// checkSchemes refuses redirect URIs with a private-use scheme without a dot, unless the operator allows the
// scheme.
func (r *Registry) checkSchemes(c, before oauth.Client) error {
	had := slices.Concat(before.RedirectURIs, before.PostLogoutURIs)
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutURIs) {
		scheme := oauth.PlainScheme(uri)
		if scheme == "" || slices.Contains(r.o.Schemes, scheme) || slices.Contains(had, uri) {
			continue
		}
		return oauth.Refuse(oauth.InvalidRedirectURI, fmt.Sprintf(
			"redirect_uri needs https, or a private-use scheme in reverse-DNS form such as com.example.app; an operator can allow the scheme %s in redirect_schemes", scheme), nil).At("redirect_uris")
	}
	return nil
}

// checkAlgorithm refuses an algorithm without a signing key: the client's first token request would fail.
func (r *Registry) checkAlgorithm(c oauth.Client) error {
	if c.Algorithm == "" || r.o.Algorithms == nil || slices.Contains(r.o.Algorithms, c.Algorithm) {
		return nil
	}
	return refuse("token_signing_alg", fmt.Sprintf("token_signing_alg %s has no key here: use one of %s, or add it to keys.extra_algorithms",
		c.Algorithm, strings.Join(r.o.Algorithms, ", ")))
}

func checkClaimNames(c oauth.Client) error {
	for _, name := range slices.Sorted(maps.Keys(c.Claims)) {
		if oauth.ReservedClaim(name) {
			return refuse("claims", fmt.Sprintf("the claim %q has a name that the server itself uses, in whatever case", name))
		}
	}
	return nil
}

// The bytes of a JWT access token that do not depend on the client's registration: the encoded header and
// signature, and the claims of every token.
const (
	jwtFrame  = 120 + 342 + 2
	jwtClaims = 1280
)

// checkTokenLength refuses a client whose longest JWT could not be introspected and revoked. The resources that
// a request names are counted up to their limit.
func checkTokenLength(c, before oauth.Client) error {
	audience := max(jsonLength(c.Audience), oauth.MaxAudienceBytes)
	if len(c.Resources) > 0 {
		audience = max(jsonLength(c.Audience), min(jsonLength(c.Resources), oauth.MaxAudienceBytes))
	}
	length := func(c oauth.Client) int {
		payload := jwtClaims + jsonLength(c.Scopes.String()) + audience + jsonLength(c.Claims)
		return jwtFrame + (payload+2)/3*4
	}
	if most := length(c); most > oauth.MaxTokenBytes && most > length(before) {
		return refuse("", fmt.Sprintf("scope, audience and claims are too long together: an access token could have %d bytes, and %d are allowed",
			most, oauth.MaxTokenBytes))
	}
	return nil
}

func jsonLength(v any) int {
	text, _ := json.Marshal(v) // texts, lists and maps of texts always encode
	return len(text)
}
