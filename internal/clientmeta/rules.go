package clientmeta

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// checkName refuses names that pretend: control characters, and format characters that reverse the
// direction of text or do not show. Escaping a name is the business of the page that shows it.
func checkName(c *oauth.Client, _ Served) error {
	if !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > oauth.MaxClientName {
		return refuse("client_name has at most 100 characters of UTF-8")
	}
	if strings.TrimSpace(c.Name) == "" || !printable(c.Name) {
		return refuse("client_name is empty or contains a non-printable character")
	}
	return nil
}

func checkGrantTypes(c *oauth.Client, served Served) error {
	for i, grant := range c.GrantTypes {
		if !slices.Contains(served.GrantTypes, grant) {
			return refuse(unservedGrant(grant, served.GrantTypes))
		}
		if slices.Contains(c.GrantTypes[:i], grant) {
			return refuse("grant_types contains a grant type twice")
		}
	}
	if len(c.GrantTypes) == 0 {
		return refuse("grant_types is empty")
	}
	return nil
}

// unservedGrant names a grant type that is not served, those that are, and the one that was probably meant.
func unservedGrant(grant string, served []string) string {
	shown := "a grant type"
	if plain(grant) && len(grant) <= 80 {
		shown = grant
	}
	text := "grant_types contains " + shown + ", which this server does not support; it supports " + strings.Join(served, ", ")
	if near := oauth.Nearest(strings.ReplaceAll(grant, "-", "_"), served); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text
}

func checkRedirectURIs(of func(*oauth.Client) []string) func(*oauth.Client, Served) error {
	return func(c *oauth.Client, _ Served) error {
		uris := of(c)
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
		return nil
	}
}

func checkScopes(scopes oauth.Scopes) error {
	parsed, err := oauth.ParseScopes(scopes.String())
	if err != nil {
		return refuse("scope is too long, or contains a character that is not allowed")
	}
	if !slices.Equal(parsed, scopes) {
		return refuse("scope names a value twice, or an empty one")
	}
	return nil
}

// singleSpaces refuses scope values that are not separated as RFC 6749 §3.3 says.
func singleSpaces(wire any) string {
	text, _ := wire.(string)
	if parsed, err := oauth.ParseScopes(text); err != nil || parsed.String() != text {
		return "is not a list of scope values with single spaces between them"
	}
	return ""
}

func checkAudience(c *oauth.Client, _ Served) error {
	if len(c.Audience) > MaxAudience {
		return refuse("more than 20 audiences")
	}
	for i, audience := range c.Audience {
		if !plain(audience) {
			return refuse("an audience is empty, too long or contains a non-printable character")
		}
		if slices.Contains(c.Audience[:i], audience) {
			return refuse("an audience occurs twice")
		}
	}
	return nil
}

func printableAudience(wire any) string {
	list, _ := wire.([]string)
	if slices.ContainsFunc(list, beyondASCII) {
		return "a value is not of printable ASCII characters"
	}
	return ""
}

func checkResources(c *oauth.Client, _ Served) error {
	if len(c.Resources) > MaxResources {
		return refuse("more than 50 resources")
	}
	for i, resource := range c.Resources {
		if err := oauth.CheckResource(resource); err != nil {
			return refuse("a resource is not an absolute URI without fragment")
		}
		if slices.Contains(c.Resources[:i], resource) {
			return refuse("a resource occurs twice")
		}
	}
	return nil
}

func checkLife(label string, longest time.Duration, at func(*oauth.Client) *time.Duration) func(*oauth.Client, Served) error {
	return func(c *oauth.Client, _ Served) error {
		if life := *at(c); life < 0 || life > longest {
			return refuse(fmt.Sprintf("the lifetime %q is negative or longer than %s", label, longest))
		}
		return nil
	}
}

func checkRate(c *oauth.Client, _ Served) error {
	if c.RequestsPerMinute < -1 || c.RequestsPerMinute > MaxRequestsPerMinute {
		return refuse("requests_per_minute is 1 to 10000000, 0 for the server's limits, or -1 for none")
	}
	return nil
}

func checkClaims(c *oauth.Client, _ Served) error {
	if len(c.Claims) > MaxClaims {
		return refuse("more than 20 claims")
	}
	for name, value := range c.Claims {
		if !plain(name) || len(value) > MaxTextBytes || !utf8.ValidString(value) {
			return refuse("a claim has no name, is too long or contains a non-printable character")
		}
	}
	return nil
}

func printableNames(wire any) string {
	pairs, _ := wire.(map[string]string)
	for name := range pairs {
		if name == "" || beyondASCII(name) {
			return "a name is not of printable ASCII characters"
		}
	}
	return ""
}

// beyondASCII reports whether a text contains a space or anything but printable ASCII characters.
func beyondASCII(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func plain(text string) bool {
	return text != "" && len(text) <= MaxTextBytes && utf8.ValidString(text) && printable(text)
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
