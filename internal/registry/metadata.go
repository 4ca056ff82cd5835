package registry

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/jose"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Bounds on what is registered beyond those of package oauth.
const (
	maxResources         = 50
	maxAudience          = 20
	maxClaims            = 20
	maxRequestsPerMinute = 10_000_000
	maxClaimBytes        = 256
	maxCodeLife          = 10 * time.Minute // RFC 6749 §4.1.2
)

// What a client's own lifetimes may be at most. Server keys are kept for as long.
const (
	MaxAccessLife  = 24 * time.Hour
	MaxRefreshLife = 2 * 365 * 24 * time.Hour
)

// check holds a client against every rule of its metadata (RFC 7591 §2).
func check(c oauth.Client) error {
	for _, rule := range []func(oauth.Client) error{
		func(c oauth.Client) error { return checkID(c.ID) },
		checkName, checkKinds, checkGrantTypes, checkPublic, checkRedirects,
		checkScopes, checkTargets, checkLifetimes, checkRate, checkClaims, checkSecretCount,
	} {
		if err := rule(c); err != nil {
			return err
		}
	}
	return nil
}

// checkName keeps out what would let a name pretend: control characters, and the format characters
// that turn the direction of text around or do not show. Escaping it is the page's business.
func checkName(c oauth.Client) error {
	if !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > oauth.MaxClientName {
		return refuse("client_name has at most 100 characters of UTF-8")
	}
	if strings.TrimSpace(c.Name) == "" || strings.ContainsFunc(c.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return refuse("client_name is empty or holds a character that does not print")
	}
	return nil
}

func checkKinds(c oauth.Client) error {
	switch {
	case !slices.Contains([]oauth.AuthMethod{oauth.AuthBasic, oauth.AuthPost, oauth.AuthNone}, c.Method):
		return refuse("token_endpoint_auth_method is one of client_secret_basic, client_secret_post and none")
	case c.Type != oauth.AppWeb && c.Type != oauth.AppNative:
		return refuse("application_type is one of web and native")
	case c.Format != oauth.FormatOpaque && c.Format != oauth.FormatJWT:
		return refuse("access_token_format is one of opaque and jwt")
	case c.Algorithm != "" && !jose.Algorithm(c.Algorithm).Known():
		return refuse("token_signing_alg is one of ES256, RS256, PS256 and EdDSA")
	case !slices.Contains([]oauth.Rotation{oauth.RotateDefault, oauth.RotateAlways, oauth.RotateNever}, c.Rotation):
		return refuse("refresh_token_rotation is one of always and never")
	case c.Introspection != oauth.IntrospectOwn && c.Introspection != oauth.IntrospectAny:
		return refuse("introspection is one of own and any")
	}
	return nil
}

func checkGrantTypes(c oauth.Client) error {
	known := []string{oauth.GrantAuthorizationCode, oauth.GrantClientCredentials, oauth.GrantRefreshToken}
	for i, grant := range c.GrantTypes {
		if !slices.Contains(known, grant) {
			return refuse(unservedGrant(grant, known))
		}
		if slices.Contains(c.GrantTypes[:i], grant) {
			return refuse("grant_types names a grant twice")
		}
	}
	if len(c.GrantTypes) == 0 {
		return refuse("grant_types is empty")
	}
	if c.MayUse(oauth.GrantRefreshToken) && !c.MayUse(oauth.GrantAuthorizationCode) {
		return refuse("grant_types has refresh_token without a grant that gives one")
	}
	return nil
}

// unservedGrant names a grant type that is not served, and what was probably meant.
func unservedGrant(grant string, known []string) string {
	shown := ""
	if plain(grant) && len(grant) <= 80 {
		shown = " " + grant
	}
	text := "grant_types names" + shown + ", which is none of " + strings.Join(known, ", ")
	if near := oauth.Nearest(strings.ReplaceAll(grant, "-", "_"), known); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text
}

// checkPublic refuses to a client that cannot prove who it is what only such a proof can allow.
func checkPublic(c oauth.Client) error {
	switch {
	case !c.Public():
		return nil
	case c.MayUse(oauth.GrantClientCredentials):
		return refuse("a public client may not use client_credentials") // RFC 6749 §4.4
	case c.Introspection == oauth.IntrospectAny:
		return refuse("a public client may not introspect every token")
	case c.Rotation == oauth.RotateNever:
		return refuse("the refresh tokens of a public client rotate") // OAuth 2.1 §4.3.1
	case len(c.Secrets) > 0:
		return refuse("a public client has no secret")
	}
	return nil
}

func checkRedirects(c oauth.Client) error {
	if c.MayUse(oauth.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		return oauth.Refuse(oauth.InvalidRedirectURI, "redirect_uris is missing: authorization_code needs one", nil)
	}
	for _, uris := range [][]string{c.RedirectURIs, c.PostLogoutURIs} {
		if len(uris) > oauth.MaxRedirectURIs {
			return oauth.Refuse(oauth.InvalidRedirectURI, "more than 50 redirect URIs", nil)
		}
		for i, uri := range uris {
			if err := oauth.CheckRedirectURI(uri); err != nil {
				return err
			}
			if slices.Contains(uris[:i], uri) {
				return oauth.Refuse(oauth.InvalidRedirectURI, "a redirect URI occurs twice", nil)
			}
		}
	}
	return nil
}

func checkScopes(c oauth.Client) error {
	for _, scopes := range []oauth.Scopes{c.Scopes, c.DefaultScopes} {
		parsed, err := oauth.ParseScopes(scopes.String())
		if err != nil {
			return refuse("scope holds too much, or a character that is not allowed")
		}
		if !slices.Equal(parsed, scopes) {
			return refuse("scope names a value twice, or an empty one")
		}
	}
	if !c.DefaultScopes.Within(c.Scopes) {
		return refuse("the default scope is not within the scope")
	}
	return nil
}

func checkTargets(c oauth.Client) error {
	if len(c.Resources) > maxResources || len(c.Audience) > maxAudience {
		return refuse("too many resources or audiences")
	}
	for i, resource := range c.Resources {
		if err := oauth.CheckResource(resource); err != nil {
			return refuse("a resource is not an absolute URI without fragment")
		}
		if slices.Contains(c.Resources[:i], resource) {
			return refuse("a resource occurs twice")
		}
	}
	for i, audience := range c.Audience {
		if !plain(audience) {
			return refuse("an audience is empty, too long or does not print")
		}
		if slices.Contains(c.Audience[:i], audience) {
			return refuse("an audience occurs twice")
		}
	}
	return nil
}

func checkLifetimes(c oauth.Client) error {
	for _, life := range []struct {
		is, most time.Duration
	}{
		{c.Lifetimes.Code, maxCodeLife},
		{c.Lifetimes.Access, MaxAccessLife},
		{c.Lifetimes.RefreshIdle, MaxRefreshLife},
		{c.Lifetimes.RefreshAbsolute, MaxRefreshLife},
	} {
		if life.is < 0 || life.is > life.most {
			return refuse("a lifetime is negative or too long: codes 10 min, access tokens 24 h, refresh tokens 2 years")
		}
	}
	return nil
}

func checkClaims(c oauth.Client) error {
	if len(c.Claims) > maxClaims {
		return refuse("too many claims")
	}
	for name, value := range c.Claims {
		if !plain(name) || len(value) > maxClaimBytes || !utf8.ValidString(value) {
			return refuse("a claim is empty, too long or does not print")
		}
	}
	return nil
}

func checkRate(c oauth.Client) error {
	if c.RequestsPerMinute < -1 || c.RequestsPerMinute > maxRequestsPerMinute {
		return refuse("requests_per_minute is 1 to 10000000, 0 for the server's limits, or -1 for none")
	}
	return nil
}

func checkSecretCount(c oauth.Client) error {
	if len(c.Secrets) > maxSecrets {
		return refuse("a client has at most 10 secrets")
	}
	return nil
}

func plain(text string) bool {
	return text != "" && len(text) <= maxClaimBytes && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
