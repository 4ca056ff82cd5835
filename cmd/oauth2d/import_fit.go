package main

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// fit takes out of a candidate what the server would refuse the whole client for, and lists it. What
// decides about access (scopes, redirect URIs, secrets, lifetimes) is left to its readers and to the server.
func (c *candidate) fit() {
	if c.skip != "" {
		return
	}
	unprintable := func(text string) bool {
		return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	}
	if name := c.client.Name; utf8.RuneCountInString(name) > oauth.MaxClientName || unprintable(name) {
		c.client.Name = ""
		c.lose("its name is longer than %d characters or holds one that does not print: it is called by its id", oauth.MaxClientName)
	}
	var audience []string
	for _, one := range c.client.Audience {
		switch {
		case slices.Contains(audience, one):
		case !plainASCII(one) || len(audience) == maxImportedEach:
			c.lose("the audience %.60q is not taken: at most %d, of printable ASCII characters", one, maxImportedEach)
		default:
			audience = append(audience, one)
		}
	}
	c.client.Audience = audience
	for i, name := range sortedKeys(c.client.Claims) {
		if value := c.client.Claims[name]; !plainASCII(name) || len(value) > maxImportedText || !utf8.ValidString(value) || i >= maxImportedEach {
			delete(c.client.Claims, name)
			c.lose("the claim %.60q is not taken: at most %d, with names of printable ASCII characters and values of %d bytes", name, maxImportedEach, maxImportedText)
		}
	}
}

// What the server takes of a client's audiences and claims.
const (
	maxImportedEach = 20
	maxImportedText = 256 // bytes
)

func plainASCII(text string) bool {
	return text != "" && len(text) <= maxImportedText && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
