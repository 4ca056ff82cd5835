package importer

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/clientmeta"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// fit removes values for which the server would refuse the whole client, and notes them. It leaves values that decide
// about access (scopes, redirect URIs, secrets, lifetimes) to the server.
func (c *candidate) fit() {
	if c.skip != "" {
		return
	}
	unprintable := func(text string) bool {
		return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	}
	if name := c.client.Name; utf8.RuneCountInString(name) > oauth.MaxClientName || unprintable(name) {
		c.client.Name = ""
		c.lose("its name is longer than %d characters or contains non-printable characters: its id is used", oauth.MaxClientName)
	}
	var audience []string
	for _, one := range c.client.Audience {
		switch {
		case slices.Contains(audience, one):
		case !plainASCII(one) || len(audience) == clientmeta.MaxAudience:
			c.lose("the audience %.60q is not taken: at most %d, of printable ASCII characters", one, clientmeta.MaxAudience)
		default:
			audience = append(audience, one)
		}
	}
	c.client.Audience = audience
	for i, name := range slices.Sorted(maps.Keys(c.client.Claims)) {
		if value := c.client.Claims[name]; !plainASCII(name) || len(value) > clientmeta.MaxTextBytes || !utf8.ValidString(value) || i >= clientmeta.MaxClaims {
			delete(c.client.Claims, name)
			c.lose("the claim %.60q is not taken: at most %d, with names of printable ASCII characters and values of %d bytes", name, clientmeta.MaxClaims, clientmeta.MaxTextBytes)
		}
	}
}

func plainASCII(text string) bool {
	return text != "" && len(text) <= clientmeta.MaxTextBytes && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
